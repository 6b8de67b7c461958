import Foundation

/// The probability that Student's t with the given degrees of freedom is at most `t`.
package func studentProbability(_ t: Double, degreesOfFreedom: Double) -> Double {
  let tail =
    0.5
    * incompleteBeta(
      degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5)
  return t < 0 ? tail : 1 - tail
}

/// The two-sided critical value of Student's t: 12.706 for 0.95 and one degree of freedom.
package func studentCriticalValue(_ confidence: Double, degreesOfFreedom: Int) -> Double {
  precondition(degreesOfFreedom >= 1, "Student's t needs a degree of freedom")
  let tail = (1 - confidence) / 2
  return -bisect(-1e9, 0) {
    studentProbability($0, degreesOfFreedom: Double(degreesOfFreedom)) < tail
  }
}

/// The regularised incomplete beta function I_x(a, b).
///
/// Continued fraction of DLMF 8.17.22, evaluated by Lentz's method, on the side of the mean where
/// it converges fast; about 1e-13 relative.
package func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
  let logFront =
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)
  return exp(logFront) / a / betaFraction(x, a, b)
}

/// The denominator 1 + d₁/(1 + d₂/(1 + …)) of the incomplete beta function.
private func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
  let tiny = 1e-300
  var value = 1.0
  var numerator = 1.0
  var denominator = 0.0
  for step in 1...10_000 {
    let m = Double(step / 2)
    let coefficient =
      step.isMultiple(of: 2)
      ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    denominator = 1 + coefficient * denominator
    if abs(denominator) < tiny { denominator = tiny }
    denominator = 1 / denominator
    numerator = 1 + coefficient / numerator
    if abs(numerator) < tiny { numerator = tiny }
    let change = numerator * denominator
    value *= change
    if abs(change - 1) < 1e-16 { break }
  }
  return value
}

/// The logarithm of the absolute value of the gamma function.
func logGamma(_ x: Double) -> Double { lgamma(x) }
