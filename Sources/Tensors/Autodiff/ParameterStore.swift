import CKernels
import Foundation
import Support

/// A named, learned tensor inside a `ParameterStore`.
///
/// Its elements are written as the store's are: by optimisers and loaders, between steps.
package final class Parameter: @unchecked Sendable {
  /// Its name in checkpoints, as timm spells it.
  package let name: String
  /// Extents, outermost first.
  package let shape: [Int]
  /// Number of elements.
  package let count: Int
  /// Fixed tables (sin-cos positions) are saved, but not trained.
  package let isTrainable: Bool
  let offset: Int
  unowned let store: ParameterStore

  fileprivate init(
    _ name: String, _ shape: [Int], isTrainable: Bool, offset: Int, store: ParameterStore
  ) {
    self.name = name
    self.shape = shape
    self.isTrainable = isTrainable
    self.offset = offset
    self.store = store
    count = shape.reduce(1, *)
  }

  /// The weights, in 32-bit floats.
  package var data: UnsafeMutablePointer<Float> { store.values + offset }
  /// The weights as an array.
  package var array: [Float] { Array(UnsafeBufferPointer(start: data, count: count)) }
  /// The gradient of the last step, summed over the lanes.
  package var gradient: UnsafeMutablePointer<Float> { store.gradient + offset }

  /// The weights as products read them.
  func operand(_ type: ElementType) -> UnsafeRawPointer {
    switch type {
    case .float32: UnsafeRawPointer(data)
    case .bfloat16: UnsafeRawPointer(store.bfloat16Values + offset)
    }
  }
}

/// Parameters of one shape side by side in memory, so that one operator can read them all.
package struct ParameterGroup: Sendable {
  /// Each parameter, as optimisers and checkpoints know it.
  package let members: [Parameter]
  /// All of them as one, the members along the first dimension; a view, not a parameter of the store.
  package let whole: Parameter

  /// Member number `index`.
  package subscript(index: Int) -> Parameter { members[index] }
}

/// The parameters of one network, in one flat buffer in the order of their declaration.
///
/// Declared first, then used: the buffer is allocated on first access. Only the optimiser and
/// loaders write to it, between steps.
package final class ParameterStore: @unchecked Sendable {
  /// All parameters, in the order of declaration.
  package private(set) var parameters: [Parameter] = []
  /// Number of floats in the flat buffer, each parameter padded to a multiple of 16.
  package private(set) var extent = 0
  private var byName: [String: Parameter] = [:]
  private var isSealed = false
  private var bfloat16: UnsafeMutablePointer<UInt16>?
  /// Guards the making of the bfloat16 copy, which any worker may be the first to want.
  private let bfloat16Lock = NSLock()

  /// An empty store.
  package init() {}

  private lazy var valueBuffer = makeBuffer()
  private lazy var gradientBuffer = makeBuffer()
  /// The flat buffer of weights.
  package private(set) lazy var values: UnsafeMutablePointer<Float> = valueBuffer.data
  /// The flat buffer of gradients, summed over lanes; allocated when training begins.
  package private(set) lazy var gradient: UnsafeMutablePointer<Float> = gradientBuffer.data
  /// Weights as convolutions read them.
  let packed = PackedWeights()
  /// Statistics that training moves beside the weights, in the order of their declaration.
  var runningStatistics: [RunningStatistics] = []

  deinit { bfloat16?.deallocate() }

  /// Makes the flat buffers of weights and gradients; call before several threads use them.
  package func allocate() {
    _ = values
    _ = gradient
  }

  /// Declares a parameter.
  package func add(_ name: String, _ shape: [Int], isTrainable: Bool = true) -> Parameter {
    precondition(!isSealed, "\(name) is declared after the weights were first used")
    precondition(byName[name] == nil, "\(name) is declared twice")
    let parameter = Parameter(name, shape, isTrainable: isTrainable, offset: extent, store: self)
    parameters.append(parameter)
    byName[name] = parameter
    extent += (parameter.count + 15) / 16 * 16
    return parameter
  }

  /// Declares parameters of one shape, not empty, side by side.
  package func add(group names: [String], _ shape: [Int]) -> ParameterGroup {
    let (first, length) = (extent, shape.reduce(1, *))
    let members = names.map { name in
      let member = add(name, shape)
      // No padding between members.
      extent = member.offset + length
      return member
    }
    extent = first + (names.count * length + 15) / 16 * 16
    let whole = Parameter(
      names.joined(separator: ", "), [names.count * (shape.first ?? 1)] + shape.dropFirst(),
      isTrainable: true, offset: first, store: self)
    return ParameterGroup(members: members, whole: whole)
  }

  /// The parameter of that name.
  package subscript(name: String) -> Parameter? { byName[name] }

  /// Number of learned and fixed scalars; running statistics do not count, as in PyTorch.
  package var parameterCount: Int {
    parameters.reduce(0) { $0 + (RunningStatistics.have($1.name) ? 0 : $1.count) }
  }

  /// Takes over the weights of a store with the same declarations.
  package func copyValues(from other: ParameterStore) {
    precondition(
      parameters.map(\.name) == other.parameters.map(\.name) && extent == other.extent,
      "stores of different networks")
    values.update(from: other.values, count: extent)
    if bfloat16 != nil { refreshBfloat16() }
  }

  /// Moves all weights and running statistics towards those of a store with the same declarations: a moving average.
  ///
  /// `w ← w + share · (other − w)`; the numbers of steps that batch norms count are taken over.
  package func approach(_ other: ParameterStore, share: Float, pool: WorkerPool) {
    precondition(extent == other.extent, "stores of different networks")
    let jobs = chunks(of: extent)
    pool.run(jobs.count) { [self] job, _ in
      let range = jobs[job]
      uk_approach(
        values + range.lowerBound, other.values + range.lowerBound, share, range.count)
      refreshBfloat16(range)
    }
    for (own, others) in zip(runningStatistics, other.runningStatistics) {
      own.steps.data[0] = others.steps.data[0]
    }
  }

  /// Makes the bfloat16 copy of the weights agree with the weights.
  ///
  /// The first bf16 product makes the copy; this is needed when something other than an optimiser
  /// writes weights after that.
  package func refreshBfloat16() {
    bfloat16Lock.withLock { _ = convertToBfloat16() }
  }

  private func convertToBfloat16() -> UnsafeMutablePointer<UInt16> {
    _ = values
    let copy = bfloat16 ?? .allocate(capacity: max(extent, 1))
    bfloat16 = copy
    uk_convert(values, uk_float32, copy, uk_bfloat16, extent)
    return copy
  }

  /// Copies a range of the weights to the bfloat16 copy, when there is one.
  func refreshBfloat16(_ range: Range<Int>) {
    guard let bfloat16 else { return }
    uk_convert(
      values + range.lowerBound, uk_float32, bfloat16 + range.lowerBound, uk_bfloat16, range.count)
  }

  fileprivate var bfloat16Values: UnsafeMutablePointer<UInt16> {
    bfloat16Lock.withLock { bfloat16 ?? convertToBfloat16() }
  }

  private func makeBuffer() -> ZeroedBuffer {
    isSealed = true
    return ZeroedBuffer(count: extent)
  }
}
