import Foundation
import Support
import Tensors

// Feeds damaged files to every reader of the program, each in a process of its own, for a stated time:
//
//   unmask-fuzz SECONDS SEED
//
// The same seed gives the same files. A reader that crashes, hangs, or asks for more than 2 GiB ends its
// process; the file that did it is kept and named, and the exit code is 1.

/// Seconds that one file may take.
let patience: UInt32 = 20

/// Reads damaged files until the time is over; the last one stays at `path`, whatever happens.
func work(_ reader: Reader, seconds: Double, seed: UInt64, path: String) throws {
  var limit = rlimit(rlim_cur: 2 << 30, rlim_max: 2 << 30)
  setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  let seeds = try reader.seeds.map { Array(try MappedFile($0).data) }
  let start = ContinuousClock.now
  var (rounds, accepted) = (0, 0)
  while ContinuousClock.now - start < .seconds(seconds) {
    var mutation = Mutation(seed: seed, name: reader.name, round: rounds)
    let bytes = mutation.applied(
      to: seeds[rounds % seeds.count], beside: seeds[(rounds / 7) % seeds.count])
    // Plain writing: a sync for each would take most of the time.
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    alarm(patience)
    do {
      try reader.read(path)
      accepted += 1
    } catch is InputError {
    }
    alarm(0)
    rounds += 1
  }
  try StandardOutput.line("\(reader.name): \(rounds) files, \(accepted) read")
}

/// Starts a reader in a process of its own; false when it did not end by itself.
func supervise(_ reader: Reader, seconds: Double, seed: UInt64, folder: String) throws -> Bool {
  let path = "\(folder)/\(reader.name)/\(reader.file)"
  try AtomicFile.createFolder(path.parentFolder)
  let process = Process()
  process.executableURL = URL(fileURLWithPath: FileSystem.executable)
  process.arguments = ["\(seconds)", "\(seed)", reader.name, path]
  try process.run()
  process.waitUntilExit()
  if process.terminationReason == .exit, process.terminationStatus == 0 { return true }
  let kept = "\(reader.name)-\(SHA256.hex(of: try MappedFile(path).data).prefix(12))-\(reader.file)"
  try AtomicFile.write(MappedFile(path).data, to: ".build/fuzz/" + kept)
  let how = process.terminationReason == .exit ? "code" : "signal"
  try StandardOutput.line(
    "\(reader.name): \(how) \(process.terminationStatus) on .build/fuzz/\(kept)")
  return false
}

let words = Environment.arguments
let seconds = words.count > 1 ? Double(words[1]) ?? 60 : 60
let seed = words.count > 2 ? UInt64(words[2]) ?? 1 : 1
if words.count > 4, let reader = Reader.all.first(where: { $0.name == words[3] }) {
  try work(reader, seconds: seconds, seed: seed, path: words[4])
} else {
  let folder = NSTemporaryDirectory() + "unmask-fuzz-\(getpid())"
  var failures = 0
  for reader in Reader.all {
    let share = seconds / Double(Reader.all.count)
    if try !supervise(reader, seconds: share, seed: seed, folder: folder) { failures += 1 }
  }
  try FileSystem.removeFolder(folder)
  try StandardOutput.line("\(Reader.all.count) readers, \(failures) failed")
  exit(failures == 0 ? 0 : 1)
}
