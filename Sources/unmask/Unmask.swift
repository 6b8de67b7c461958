import ArgumentParser

@main
struct Unmask: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unmask", abstract: "Evaluate vision encoders, comparably and with error bars.")
}
