/// A class or function that a pickle may name, and what our reader makes of a call to it.
///
/// Nothing is ever executed: each rule turns arguments into data.
package struct PickleGlobal {
  /// Rules for calls.
  enum Rule {
    /// A dictionary, with its items as an optional argument.
    case dictionary
    /// A list, tuple or set of its argument.
    case sequence
    /// An instance, of which arguments, items and state are kept.
    case record
    /// A type of elements, such as `torch.float32`.
    case elementType(StoredType)
    /// A storage class, named by persistent identifiers; nil for untyped bytes.
    case storage(StoredType?)
    /// `torch._utils._rebuild_tensor…`: storage, offset, shape, strides, ….
    case tensor
    /// `torch._utils._rebuild_parameter…`: its first argument.
    case first
    /// `torch._tensor._rebuild_from_type_v2`: applies its first argument to the third.
    case typedTensor
    /// `copyreg._reconstructor`: an instance of its first argument.
    case reconstructor
    case numpyArray
    case numpyBuffer
    case numpyType
    case numpyScalar
    /// `_codecs.encode`: text back to bytes.
    case encode
  }

  /// Module and name.
  package let name: String
  let rule: Rule

  /// The rule for `module.name`; nil when it is not allowed.
  init?(module: String, name: String) {
    let module = Self.modernModules[module] ?? module
    let full = module + "." + name
    guard let rule = Self.rules[full] ?? Self.recordRule(module, name) else { return nil }
    self.name = full
    self.rule = rule
  }

  /// Modules that were renamed between the versions that wrote and write checkpoints.
  private static let modernModules = [
    "__builtin__": "builtins", "copy_reg": "copyreg", "numpy.core.multiarray": "numpy.multiarray",
    "numpy._core.multiarray": "numpy.multiarray", "numpy.core.numeric": "numpy.numeric",
    "numpy._core.numeric": "numpy.numeric", "torch.tensor": "torch._tensor",
    "pathlib._local": "pathlib",
  ]

  private static let rules: [String: Rule] = {
    var rules: [String: Rule] = [
      "collections.OrderedDict": .dictionary, "collections.defaultdict": .dictionary,
      "collections.Counter": .dictionary, "builtins.dict": .dictionary,
      "builtins.list": .sequence, "builtins.tuple": .sequence, "builtins.set": .sequence,
      "builtins.frozenset": .sequence, "collections.deque": .sequence, "torch.Size": .sequence,
      "torch._utils._rebuild_tensor": .tensor, "torch._utils._rebuild_tensor_v2": .tensor,
      "torch._utils._rebuild_tensor_v3": .tensor,
      "torch._utils._rebuild_parameter": .first,
      "torch._utils._rebuild_parameter_with_state": .first,
      "torch._tensor._rebuild_from_type": .typedTensor,
      "torch._tensor._rebuild_from_type_v2": .typedTensor,
      "torch.nn.parameter.Parameter": .first, "torch.nn.parameter.Buffer": .first,
      "copyreg._reconstructor": .reconstructor,
      "numpy.multiarray._reconstruct": .numpyArray, "numpy.numeric._frombuffer": .numpyBuffer,
      "numpy.dtype": .numpyType, "numpy.multiarray.scalar": .numpyScalar, "_codecs.encode": .encode,
    ]
    for (type, storage, names, numpy) in elementTypes {
      if !storage.isEmpty { rules["torch.\(storage)Storage"] = .storage(type) }
      for name in names { rules["torch.\(name)"] = .elementType(type) }
      for name in numpy { rules["numpy.\(name)"] = .elementType(type) }
    }
    rules["torch.storage.UntypedStorage"] = .storage(nil)
    rules["torch.storage._UntypedStorage"] = .storage(nil)
    return rules
  }()

  /// Storage class, torch's names and NumPy's names of each type.
  private static let elementTypes:
    [(type: StoredType, storage: String, torch: [String], numpy: [String])] = [
      (.float64, "Double", ["float64", "double"], ["float64", "float_"]),
      (.float32, "Float", ["float32", "float"], ["float32"]),
      (.float16, "Half", ["float16", "half"], ["float16"]),
      (.bfloat16, "BFloat16", ["bfloat16"], []),
      (.int64, "Long", ["int64", "long"], ["int64", "int_", "longlong"]),
      (.int32, "Int", ["int32", "int"], ["int32", "intc"]),
      (.int16, "Short", ["int16", "short"], ["int16"]),
      (.int8, "Char", ["int8"], ["int8"]),
      (.uint8, "Byte", ["uint8"], ["uint8"]),
      (.uint16, "", ["uint16"], ["uint16"]), (.uint32, "", ["uint32"], ["uint32"]),
      (.uint64, "", ["uint64"], ["uint64"]),
      (.bool, "Bool", ["bool"], ["bool_", "bool"]),
    ]

  /// Classes that hold settings, and modules of such classes.
  private static func recordRule(_ module: String, _ name: String) -> Rule? {
    if recordTypes.contains("\(module).\(name)") { return .record }
    // A class begins with a capital; functions of the module are not data.
    guard module == "omegaconf" || module.hasPrefix("omegaconf."), !name.contains("."),
      name.first?.isUppercase == true
    else { return nil }
    return .record
  }

  private static let recordTypes: Set<String> = [
    "argparse.Namespace", "types.SimpleNamespace", "torch.device", "numpy.ndarray", "torch.Tensor",
    "torch.serialization._get_layout", "torch.torch_version.TorchVersion", "builtins.object",
    "builtins.slice", "builtins.complex", "builtins.bytearray", "builtins.bytes", "builtins.range",
    "builtins.int", "builtins.long", "builtins.unicode", "builtins.float", "builtins.str",
    "builtins.bool", "builtins.NoneType",
    "datetime.datetime", "datetime.date", "datetime.timedelta", "decimal.Decimal", "uuid.UUID",
    "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath",
    "pathlib.PureWindowsPath", "typing.Any", "typing.Union", "typing.Optional", "typing.List",
    "typing.Dict", "typing.Tuple", "yacs.config.CfgNode", "fvcore.common.config.CfgNode",
    "easydict.EasyDict", "addict.addict.Dict", "munch.Munch", "attrdict.AttrDict",
    "ml_collections.config_dict.config_dict.ConfigDict",
    "ml_collections.config_dict.config_dict.FrozenConfigDict",
    "ml_collections.config_dict.config_dict.FieldReference",
    "mmengine.config.config.ConfigDict", "mmengine.config.config.Config",
    "mmengine.logging.history_buffer.HistoryBuffer", "mmcv.utils.config.ConfigDict",
    "torch._C.Generator", "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
  ]
}
