import Encoders
import Tensors

/// A part of a batch as the parts of a recipe see it.
///
/// Where an image has several views, everything is listed view by view: all first views, then all second ones.
package struct PretrainingSlice {
  /// What targets are made of: float32 `[views, channels, side, side]`, augmented and normalised.
  package let images: Node
  /// What the encoder sees; differs from `images` where a mask changes pixels.
  package let seen: Node
  /// The hidden patches of each view; empty where no patch is hidden.
  package let plans: [MaskPlan]
  /// What was taken from the pixels of each view; empty where nothing was.
  package let removed: [ImageMaskPlan]
  /// The class of each view; empty where no target asks for it.
  package let labels: [Int32]
  /// Sums over the whole batch, for means over it.
  package let totals: BatchTotals

  /// A part of a batch; the encoder sees the images as they are unless said otherwise.
  package init(
    images: Node, seen: Node? = nil, plans: [MaskPlan] = [], removed: [ImageMaskPlan] = [],
    labels: [Int32] = [], totals: BatchTotals
  ) {
    self.images = images
    self.seen = seen ?? images
    self.plans = plans
    self.removed = removed
    self.labels = labels
    self.totals = totals
  }

  /// Views in the slice.
  var count: Int { images.shape[0] }

  /// The hidden patches of all views as rows of `[views × places]`, where each view has `places` rows and the first
  /// patch is the row `prefix` of it.
  func hiddenRows(places: Int, prefix: Int = 0) -> [Int32] {
    plans.enumerated().flatMap { view, plan in
      plan.hidden.map { Int32(view * places + prefix) + $0 }
    }
  }
}

/// What a whole batch holds.
package struct BatchTotals: Sendable {
  /// Its images.
  package var images: Int
  /// Its views.
  package var views: Int
  /// Hidden patches of all views.
  package var hidden: Int
  /// Places or frequencies taken from the pixels of all views, counted once for all channels.
  package var removed: Int

  /// Totals of a batch.
  package init(images: Int, views: Int, hidden: Int = 0, removed: Int = 0) {
    self.images = images
    self.views = views
    self.hidden = hidden
    self.removed = removed
  }
}

/// What a teacher makes of whole views, for targets.
package struct TeacherFeatures {
  /// The features of each level that targets asked for, by its number from 1.
  let levels: [Int: LevelFeatures]
}
