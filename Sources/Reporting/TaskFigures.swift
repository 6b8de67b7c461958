import Evaluation
import Results
import Support

extension TaskResult {
  /// The result with pictures of its curves, where its task has some.
  var withFigures: TaskResult {
    guard status == .ok else { return self }
    var result = self
    result.drawnFigures = figurePlots.map {
      DrawnFigure(name: "\(task)-\($0.name).svg", content: $0.plot.file)
    }
    return result
  }

  private var figurePlots: [(name: String, plot: CurvePlot)] {
    switch task {
    case RobustnessCorruptions.kind: severityPlot.map { [("severity", $0)] } ?? []
    case RobustnessOcclusion.kind: [("hidden", hiddenPlot)]
    case Calibration.kind: [("reliability", reliabilityPlot), ("risk", riskPlot)]
    default: []
    }
  }

  /// Accuracy over severity for each kind of corruption; severity 0 is the clean image.
  private var severityPlot: CurvePlot? {
    guard let clean = metrics["error_clean"]?.value else { return nil }
    var curves: [String: [(x: Double, y: Double)]] = [:]
    for (name, metric) in metrics {
      guard let match = name.wholeMatch(of: /error_(.+)_([1-5])/), let severity = Double(match.2)
      else { continue }
      curves[String(match.1), default: [(0, 100 * (1 - clean))]].append(
        (severity, 100 * (1 - metric.value)))
    }
    return CurvePlot(
      title: "Accuracy over the severity of each corruption", horizontal: "severity (0 is clean)",
      vertical: "accuracy in %",
      curves: curves.sorted { $0.key < $1.key }.map { kind, points in
        CurvePlot.Curve(label: kind, points: points.sorted { $0.x < $1.x })
      })
  }

  /// Accuracy over the share of hidden patches.
  private var hiddenPlot: CurvePlot {
    let clean = metrics["top1"].map { (x: 0.0, y: 100 * $0.value) }
    let points = metrics.compactMap { name, metric -> (x: Double, y: Double)? in
      guard let match = name.wholeMatch(of: /accuracy_drop_([0-9]+)/), let share = Double(match.1)
      else { return nil }
      return (share, 100 * metric.value)
    }
    return CurvePlot(
      title: "Accuracy as patches are hidden", horizontal: "share of hidden patches in %",
      vertical: "accuracy in %",
      curves: [
        CurvePlot.Curve(
          label: "hidden at random",
          points: ((clean.map { [$0] } ?? []) + points).sorted { $0.x < $1.x })
      ])
  }

  /// Accuracy over confidence, a point a bin.
  private var reliabilityPlot: CurvePlot {
    func curve(_ label: String, _ key: String) -> CurvePlot.Curve {
      let bins = details[key]?.array ?? []
      return CurvePlot.Curve(
        label: label,
        points: bins.compactMap { bin in
          guard let images = bin["images"]?.double, images > 0,
            let confidence = bin["confidence"]?.double, let accuracy = bin["accuracy"]?.double
          else { return nil }
          return (100 * confidence, 100 * accuracy)
        })
    }
    return CurvePlot(
      title: "Reliability: accuracy over confidence", horizontal: "confidence in %",
      vertical: "accuracy in %",
      curves: [
        CurvePlot.Curve(label: "as sure as right", points: [(0, 0), (100, 100)]),
        curve("as it is", "reliability"),
        curve("after the temperature", "reliability_calibrated"),
      ])
  }

  /// The error among the most confident images, over their share.
  private var riskPlot: CurvePlot {
    let points = (details["risk_coverage"]?.array ?? []).compactMap {
      point -> (x: Double, y: Double)? in
      guard let coverage = point["coverage"]?.double, let error = point["error"]?.double else {
        return nil
      }
      return (100 * coverage, 100 * error)
    }
    return CurvePlot(
      title: "Error among the most confident images", horizontal: "share of the images in %",
      vertical: "error in %",
      curves: [CurvePlot.Curve(label: "most confident first", points: points)])
  }
}
