import Evaluation
import Support
import Tensors
import Testing

@Suite struct FeatureExportTests {
  @Test(arguments: [Float.nan, .infinity])
  func refusesPreprocessedImagesThatAreNotFinite(_ value: Float) throws {
    let images = Tensor([2, 3, 4, 4])
    images.data[60] = value
    let error = #expect(throws: InputError.self) {
      try FeatureImages(images, side: 4, source: "images.npy")
    }
    #expect(error?.errorDescription?.hasPrefix("images.npy: image 1 holds NaN") == true)
  }
}
