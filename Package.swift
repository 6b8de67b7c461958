// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// Warnings are errors when `UNMASK_STRICT` is set, so that a newer compiler does not break users.
let isStrict = ProcessInfo.processInfo.environment["UNMASK_STRICT"] != nil

/// Release builds that are tested show their internals; the program that is shipped does not.
let isTested = ProcessInfo.processInfo.environment["UNMASK_TESTABLE"] != nil

let swiftSettings: [SwiftSetting] =
  [.enableUpcomingFeature("MemberImportVisibility")]
  + (isTested ? [.unsafeFlags(["-enable-testing"])] : [])
  + (isStrict ? [.treatAllWarnings(as: .error)] : [])

/// Below the engine whatever touches memory unchecked says `unsafe`.
let fencedSettings = swiftSettings + [.strictMemorySafety()]

let cSettings: [CSetting] = [
  .unsafeFlags(["-O3", "-std=gnu11", "-ffp-contract=off", "-mprefer-vector-width=512"])
]

/// A library target of ours.
func library(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [],
  plugins: [Target.PluginUsage] = [], isFenced: Bool = true
)
  -> Target
{
  .target(
    name: name, dependencies: dependencies, exclude: plugins.isEmpty ? [] : ["registries.txt"],
    resources: resources, swiftSettings: isFenced ? fencedSettings : swiftSettings,
    plugins: plugins)
}

/// The tests of one library, or of one kind.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: swiftSettings)
}

let package = Package(
  name: "unmask",
  products: [.executable(name: "unmask", targets: ["unmask"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C libraries and kernels.
    .target(
      name: "CKernels", cSettings: cSettings,
      linkerSettings: [.linkedLibrary("m")]),
    .target(name: "CResampling", cSettings: cSettings),
    .target(name: "CSystem", cSettings: cSettings, linkerSettings: [.linkedLibrary("gomp")]),
    .target(
      name: "COneDNN", dependencies: ["CSystem"], cSettings: cSettings,
      linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "COpenBLAS", dependencies: ["CSystem"], cSettings: cSettings),
    .systemLibrary(name: "CJSON", pkgConfig: "json-c", providers: [.apt(["libjson-c-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CPNG", cSettings: cSettings, linkerSettings: [.linkedLibrary("png")]),
    .target(name: "CJPEG", cSettings: cSettings, linkerSettings: [.linkedLibrary("jpeg")]),
    .target(
      name: "CWebP", cSettings: cSettings,
      linkerSettings: [.linkedLibrary("webp"), .linkedLibrary("webpdemux")]),
    .target(name: "CTIFF", cSettings: cSettings, linkerSettings: [.linkedLibrary("tiff")]),
    .target(name: "CGIF", cSettings: cSettings, linkerSettings: [.linkedLibrary("gif")]),
    .target(name: "CArchive", cSettings: cSettings, linkerSettings: [.linkedLibrary("archive")]),

    // The layers: each imports only those above it.
    library(
      "Support",
      ["CSystem", "CJSON", "CCrypto", "CZlib", .product(name: "Yams", package: "Yams")]),
    library(
      "Tensors", ["CSystem", "CKernels", "COneDNN", "COpenBLAS", "Support"], isFenced: false),
    library(
      "Vision",
      [
        "CResampling", "Support", "Tensors", "CPNG", "CJPEG", "CWebP", "CTIFF", "CGIF", "CArchive",
        "CZlib",
      ],
      plugins: ["Registry"]),
    library("Encoders", ["Support", "Tensors"], plugins: ["Registry"]),
    library(
      "Checkpoints", ["Support", "Tensors", "Vision", "Encoders"],
      plugins: ["Registry"]),
    library("Training", ["Support", "Tensors", "Encoders", "Checkpoints"]),
    library(
      "Pretraining",
      ["Support", "Tensors", "Vision", "Encoders", "Checkpoints", "Training"],
      plugins: ["Registry"]),
    library("Results", ["Support"]),
    library(
      "Evaluation",
      [
        "Support", "Tensors", "Vision", "Encoders", "Checkpoints", "Training", "Pretraining",
        "Results",
      ],
      plugins: ["Registry"]),
    library(
      "Reporting",
      [
        "Support", "Tensors", "Vision", "Encoders", "Checkpoints", "Pretraining", "Results",
        "Evaluation",
      ],
      // Part of the program, so that it stays one file.
      resources: [.embedInCode("Page/page.css"), .embedInCode("Page/page.js")]),
    library(
      "Sweeps",
      [
        "Support", "Tensors", "Vision", "Checkpoints", "Pretraining", "Results", "Evaluation",
        "Reporting",
      ]),
    .executableTarget(
      name: "unmask",
      dependencies: [
        "Support", "Tensors", "Vision", "Encoders", "Checkpoints", "Training", "Pretraining",
        "Results", "Evaluation", "Reporting", "Sweeps",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      resources: ["mask", "task", "task-settings", "loss", "target"].map {
        .embedInCode("Templates/\($0).txt")
      },
      swiftSettings: fencedSettings),

    // Our side of `make bench`: one line of JSON for each measurement.
    .executableTarget(
      name: "unmask-bench",
      dependencies: [
        "Support", "Tensors", "Vision", "Encoders", "Training", "Pretraining", "Results",
        "Evaluation", "Reporting",
      ],
      swiftSettings: swiftSettings),

    // What `make fuzz` feeds with damaged files.
    .executableTarget(
      name: "unmask-fuzz",
      dependencies: [
        "Support", "Tensors", "Vision", "Checkpoints", "Pretraining", "Results", "Evaluation",
        "Reporting", "Sweeps",
      ],
      path: "Tests/Fuzz/Parsers", swiftSettings: swiftSettings),

    .plugin(name: "Registry", capability: .buildTool()),

    // Tests: one target per library, and some by kind.
    .target(
      name: "TestSupport", dependencies: ["Support", "Tensors", "Vision"],
      path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    tests("SupportTests", ["Support"]),
    tests("TensorsTests", ["Tensors", "CKernels"]),
    tests("VisionTests", ["Vision"]),
    tests("EncodersTests", ["Encoders", "Checkpoints"]),
    tests("CheckpointsTests", ["Checkpoints", "Vision", "Encoders"]),
    tests("TrainingTests", ["Training", "Encoders"]),
    tests(
      "PretrainingTests", ["Pretraining", "Training", "Vision", "Encoders", "Checkpoints"]),
    tests("ResultsTests", ["Results"]),
    tests("EvaluationTests", ["Evaluation", "Results", "Vision", "Encoders", "Checkpoints"]),
    tests(
      "ReportingTests",
      ["Sweeps", "Reporting", "Results", "Evaluation", "Pretraining", "Vision"]),
    tests(
      "ContractTests",
      [
        "Support", "Tensors", "Vision", "Encoders", "Checkpoints", "Training", "Pretraining",
        "Results", "Evaluation",
      ]),
    tests(
      "CommandTests",
      [
        "Sweeps", "Reporting", "Results", "Evaluation", "Vision", "Checkpoints", "Encoders",
        "Tensors", "Training", "Pretraining", .product(name: "Yams", package: "Yams"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
