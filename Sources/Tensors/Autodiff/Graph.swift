import CKernels
import Support

/// The workers that share the operators of a graph which holds a whole batch.
package final class WorkerTeam: @unchecked Sendable {
  let pool: WorkerPool
  /// One a worker, which alone uses it; the first is also the graph's.
  let workspaces: [Workspace]

  /// All workers of a pool; one graph at a time.
  package init(_ pool: WorkerPool) {
    self.pool = pool
    workspaces = (0..<pool.threads).map { _ in Workspace() }
  }

  /// Returns unused memory to the system.
  package func trim() { for workspace in workspaces { workspace.trim() } }
}

/// One computation by one worker: runs operators at once and, when training, remembers how to
/// differentiate them.
///
/// A graph covers a slice of the batch that fits the cache. Gradients of parameters are added to
/// the buffers of an accumulation lane, so that they do not depend on which worker ran the slice.
package final class Graph {
  /// What matrix products read.
  package let precision: Precision
  /// Whether anything is trained; which networks are, `trains` says.
  package let isTraining: Bool
  let workspace: Workspace
  /// The workers that share each operator's work; nil where a worker has the graph for itself.
  private let team: WorkerTeam?
  /// Where this graph's lane meets the others of the batch; nil when its examples are all there are.
  let seat: LaneMeeting.Seat?
  private var tape: [() -> Void] = []
  private let gradients: [ObjectIdentifier: UnsafeMutablePointer<Float>]

  /// A computation without gradients.
  package init(workspace: Workspace, precision: Precision) {
    self.workspace = workspace
    self.precision = precision
    isTraining = false
    team = nil
    seat = nil
    gradients = [:]
  }

  /// A computation on a whole batch, without gradients, whose operators all workers of a team share.
  package init(team: WorkerTeam, precision: Precision) {
    workspace = team.workspaces[0]
    self.precision = precision
    self.team = team
    isTraining = false
    seat = nil
    gradients = [:]
  }

  /// A computation on a whole batch that leaves the gradients of `stores` in the stores.
  ///
  /// Batch norms see the batch without any meeting, and there are no gradients of lanes to be summed; in
  /// return all activations of the batch are in memory. Call it on the thread that may call the team's pool.
  package init(team: WorkerTeam, precision: Precision, training stores: [ParameterStore]) {
    workspace = team.workspaces[0]
    self.precision = precision
    self.team = team
    isTraining = true
    seat = nil
    gradients = Dictionary(
      stores.map { (ObjectIdentifier($0), $0.gradient) }, uniquingKeysWith: { $1 })
    for store in stores {
      let parts = chunks(of: store.extent)
      share(parts.count) { part, _ in
        (store.gradient + parts[part].lowerBound).update(repeating: 0, count: parts[part].count)
      }
    }
  }

  /// A computation whose gradients are added to `gradients`, one flat buffer a trained store.
  package convenience init(
    workspace: Workspace, precision: Precision,
    gradients: [(store: ParameterStore, buffer: UnsafeMutablePointer<Float>)]
  ) {
    self.init(workspace: workspace, precision: precision, gradients: gradients, seat: nil)
  }

  /// A computation on the examples of one lane that meets the others.
  init(
    workspace: Workspace, precision: Precision,
    gradients: [(store: ParameterStore, buffer: UnsafeMutablePointer<Float>)],
    seat: LaneMeeting.Seat?
  ) {
    self.workspace = workspace
    self.precision = precision
    self.seat = seat
    team = nil
    isTraining = true
    self.gradients = Dictionary(
      gradients.map { (ObjectIdentifier($0.store), $0.buffer) }, uniquingKeysWith: { $1 })
  }

  /// Whether the network of a store is trained here: its batch norms use the statistics of the batch.
  func trains(_ store: ParameterStore) -> Bool { gradients[ObjectIdentifier(store)] != nil }

  /// A computation beside this one that is not differentiated: its results are given values here.
  package func detached() -> Graph {
    team.map { Graph(team: $0, precision: precision) }
      ?? Graph(workspace: workspace, precision: precision)
  }

  /// Runs the recorded operators backwards, from the losses to the parameters.
  package func backward() {
    while let step = tape.popLast() { step() }
  }

  /// Forgets the recorded operators and gives their memory back, when `backward` will not run.
  package func discard() { tape.removeAll() }

  /// Memory for a result.
  package func makeNode(_ shape: [Int], _ type: ElementType = .float32, needsGradient: Bool = false)
    -> Node
  {
    let storage = NodeStorage(
      bytes: shape.reduce(1, *) * type.stride, workspace: workspace)
    return Node(
      shape: shape, type: type, needsGradient: needsGradient && isTraining, storage: storage)
  }

  /// A value that is given, for example a batch of images.
  package func constant(_ shape: [Int], _ fill: (UnsafeMutablePointer<Float>) throws -> Void)
    rethrows -> Node
  {
    let node = makeNode(shape)
    try fill(node.data)
    return node
  }

  /// A given value with respect to which gradients are wanted (tests, input gradients).
  package func variable(_ shape: [Int], _ elements: [Float]) -> Node {
    let node = makeNode(shape, needsGradient: true)
    precondition(elements.count == node.count, "\(shape) needs \(node.count) elements")
    node.data.update(from: elements, count: elements.count)
    return node
  }

  /// Starts the backward pass at `node`: adds `gradient`, as many floats as it has elements.
  package func seed(_ node: Node, gradient: [Float]) {
    precondition(gradient.count == node.count, "\(gradient.count) gradients for \(node.shape)")
    let (pointer, accumulates) = node.gradientTarget()
    withBuffer(bytes: node.count * 4) { buffer in
      let sum = buffer.assumingMemoryBound(to: Float.self)
      if accumulates {
        uk_convert(pointer, node.type.kernel, sum, uk_float32, node.count)
      }
      uk_add(gradient, uk_float32, sum, accumulates ? 1 : 0, node.count)
      uk_convert(sum, uk_float32, pointer, node.type.kernel, node.count)
    }
  }

  /// Remembers how to differentiate a result.
  func record(_ step: @escaping () -> Void) { tape.append(step) }

  /// Where the gradient of a parameter is added; nil when it is not trained here.
  func gradient(of parameter: Parameter?) -> UnsafeMutablePointer<Float>? {
    guard let parameter, parameter.isTrainable else { return nil }
    return gradients[ObjectIdentifier(parameter.store)].map { $0 + parameter.offset }
  }

  /// The flat buffer of this graph's lane for the store of a parameter, trained or not.
  func lane(of parameter: Parameter) -> UnsafeMutablePointer<Float>? {
    gradients[ObjectIdentifier(parameter.store)]
  }

  /// One matrix product, on this worker unless the workspace is another's.
  func multiply(
    _ shape: ProductShape, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    into c: UnsafeMutableRawPointer, bias: UnsafePointer<Float>? = nil,
    adding matrix: UnsafePointer<Float>? = nil, in workspace: Workspace? = nil
  ) {
    guard shape.rows > 0, shape.columns > 0, shape.batch0 > 0 else { return }
    let workspace = workspace ?? self.workspace
    workspace.product(shape).run(a, b, c, bias: bias, matrix: matrix, in: workspace)
  }

  /// Runs numbered jobs of an operator: on all workers of a team, otherwise one after the other.
  ///
  /// Jobs write disjoint memory, and their number must not depend on the workers.
  func share(_ jobs: Int, _ body: (_ job: Int, Workspace) -> Void) {
    guard let team, jobs > 1 else {
      for job in 0..<jobs { body(job, workspace) }
      return
    }
    withoutActuallyEscaping(body) { body in
      // Called by several workers, but not after `run` has returned.
      nonisolated(unsafe) let body = body
      team.pool.run(jobs) { job, worker in body(job, team.workspaces[worker]) }
    }
  }

  /// Ranges of rows that jobs of an operator take: one where nobody shares, else at most `most`, of `least`
  /// rows or more.
  func pieces(of rows: Int, least: Int = 32, most: Int = 8) -> [Range<Int>] {
    let count = team == nil ? 1 : max(1, min(most, rows / least))
    return (0..<count).map { rows * $0 / count..<rows * ($0 + 1) / count }
  }

  /// Runs `body` with a temporary buffer.
  func withBuffer<Result>(
    bytes: Int, _ body: (UnsafeMutableRawPointer) throws -> Result
  ) rethrows -> Result {
    let buffer = workspace.take(bytes)
    defer { workspace.give(buffer, bytes) }
    return try body(buffer)
  }
}
