import Foundation
import Support

/// Training curves as a TensorBoard event file: loss, learning rate, images per second.
///
/// One file in `tensorboard` beside the checkpoint. A resumed run first cuts off what lies behind the
/// step that it goes on from, and whatever a kill left half-written, so no step occurs twice.
package final class EventLog {
  /// The file.
  package let path: String
  /// One of so many steps is written: a long run keeps to about 10,000 points.
  private var interval = 1
  private var file: FileHandle?
  private var last = (step: 0, time: ContinuousClock.now)

  /// A log of the checkpoint in a folder; nothing is written before `begin`.
  package init(_ folder: String) { path = folder + "/tensorboard/events.out.tfevents.unmask" }

  deinit { try? file?.close() }

  /// Opens the file and leaves in it what is not later than `step`.
  ///
  /// - Parameters:
  ///   - step: steps that are done already.
  ///   - total: steps of the whole run.
  /// - Throws: `InputError` when the file cannot be written.
  package func begin(after step: Int, total: Int) throws {
    interval = max(1, total / 10_000)
    last = (step, .now)
    let records = (try? MappedFile(path).data).map { EventRecord.whole(in: $0) } ?? []
    let kept = records.prefix { record in
      ScalarEvent.step(of: record.content).map { $0 <= step } ?? false
    }
    if step == 0 || kept.isEmpty {
      try AtomicFile.write(
        EventRecord.framed(ScalarEvent(time: Date().timeIntervalSince1970, step: 0).message),
        to: path)
    }
    let descriptor = unsafe path.withSystemPath {
      unsafe open($0, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
    }
    guard descriptor >= 0 else {
      throw InputError(path, "cannot be written", errno: errno, endsRun: true)
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    if step > 0, let end = kept.last?.end { try file.truncate(atOffset: UInt64(end)) }
    try file.seekToEnd()
    self.file = file
  }

  /// Writes the scalars of a step, when its turn has come.
  ///
  /// - Parameters:
  ///   - step: steps that are done.
  ///   - loss: of the step.
  ///   - learningRate: of the step.
  ///   - batch: images of a step.
  /// - Throws: `InputError` when the disk is full.
  package func record(step: Int, loss: Double, learningRate: Double, batch: Int) throws {
    guard step % interval == 0, let file else { return }
    let now = ContinuousClock.now
    let seconds = max(1e-9, (now - last.time) / .seconds(1))
    let rate = Double((step - last.step) * batch) / seconds
    last = (step, now)
    let event = ScalarEvent(
      time: Date().timeIntervalSince1970, step: step,
      values: [
        ("loss", Float(loss)), ("learning_rate", Float(learningRate)),
        ("images_per_second", Float(rate)),
      ])
    do {
      try file.write(contentsOf: EventRecord.framed(event.message))
    } catch {
      throw InputError(path, "cannot be written", "check that the disk is not full")
    }
  }
}
