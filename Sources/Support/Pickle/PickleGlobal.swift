/// A class or function that a pickle names, and what our reader makes of a call to it.
///
/// Nothing is ever executed: each rule turns arguments into data. What is not known is opaque: its arguments, items
/// and state are kept, so that weights below it are found. Names that run things are refused all the same: whoever
/// wrote them meant harm, and the user should know.
package struct PickleGlobal {
  /// Rules for calls.
  enum Rule {
    /// A dictionary, with its items as an optional argument.
    case dictionary
    /// A list, tuple or set of its argument.
    case sequence
    /// Any other class or function, of which arguments, items, elements and state are kept.
    case opaque
    /// A type of elements, such as `torch.float32`.
    case elementType(StoredType)
    /// A storage class, named by persistent identifiers, and the bytes of an element; the type is nil where elements
    /// have one that cannot be read, or none.
    case storage(StoredType?, width: Int)
    /// `torch._utils._rebuild_tensor…`: storage, offset, shape, strides, ….
    case tensor
    /// A function that makes a tensor of a kind that cannot be read: sparse, quantised, nested.
    case oddTensor
    /// `torch._utils._rebuild_parameter…`: its first argument.
    case first
    /// `torch._tensor._rebuild_from_type_v2`: applies its first argument to the third.
    case typedTensor
    /// `torch.storage._load_from_bytes`: a storage in a legacy file of its own, as `pickle.dump` writes tensors.
    case storageBytes
    /// `copyreg._reconstructor`: an instance of its first argument.
    case reconstructor
    /// `getattr`: names an attribute of its first argument (bound methods, some enumerations).
    case attribute
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

  /// The rule for `module.name`; nil when the name runs things.
  init?(module: String, name: String) {
    let module = Self.modernModules[module] ?? module
    let full = module + "." + name
    guard !Self.runsThings(module, name) else { return nil }
    self.name = full
    rule = Self.rules[full] ?? .opaque
  }

  /// Whether it is a class or function of which nothing is known.
  var isOpaque: Bool {
    guard case .opaque = rule, !Self.plain.contains(name) else { return false }
    // `torch.float8_e4m3fn`, `torch.sparse_coo`: types and layouts of tensors.
    return !name.hasPrefix("torch.") || name.dropFirst("torch.".count).contains(".")
  }

  /// Modules that were renamed between the versions that wrote and write checkpoints.
  private static let modernModules = [
    "__builtin__": "builtins", "copy_reg": "copyreg", "numpy.core.multiarray": "numpy.multiarray",
    "numpy._core.multiarray": "numpy.multiarray", "numpy.core.numeric": "numpy.numeric",
    "numpy._core.numeric": "numpy.numeric", "torch.tensor": "torch._tensor",
    "pathlib._local": "pathlib",
  ]

  // MARK: Names that run things

  private static func runsThings(_ module: String, _ name: String) -> Bool {
    let root = module.prefix { $0 != "." }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if runningModules.contains(String(root)) { return true }
    if root == "builtins" { return parts.contains { runningBuiltins.contains($0) } }
    if root == "types" { return ["CodeType", "FunctionType"].contains(name) }
    // `STACK_GLOBAL` may reach a module through another: omegaconf, os.system.
    return parts.contains { runningNames.contains($0) }
      || parts.dropLast().contains { runningModules.contains($0) }
  }

  /// Modules of Python that start programs, load code or open connections.
  private static let runningModules: Set = [
    "os", "posix", "nt", "posixpath", "ntpath", "subprocess", "sys", "shutil", "socket", "ctypes",
    "_ctypes", "cffi", "runpy", "importlib", "imp", "pkgutil", "zipimport", "pty", "code", "codeop",
    "commands", "popen2", "marshal", "webbrowser", "pdb", "bdb", "timeit", "profile", "cProfile",
    "pickle", "_pickle", "cPickle", "shelve", "pip", "ftplib", "smtplib", "telnetlib", "atexit",
  ]
  private static let runningBuiltins: Set = [
    "eval", "exec", "execfile", "compile", "open", "file", "__import__", "__build_class__", "input",
    "raw_input", "breakpoint", "globals", "locals", "setattr", "delattr", "apply", "exit", "quit",
    "reload",
  ]
  /// Functions of any module that are called like those.
  private static let runningNames: Set = [
    "eval", "exec", "execfile", "__import__", "import_module", "system", "popen", "Popen",
    "check_output", "run_module", "run_path", "runstring", "__globals__", "__builtins__",
    "__subclasses__",
  ]

  // MARK: Names that are known

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
      "torch._utils._rebuild_device_tensor_from_numpy": .first,
      "torch._utils._rebuild_device_tensor_from_cpu_tensor": .first,
      "torch._utils._rebuild_xla_tensor": .first,
      "torch._tensor._rebuild_from_type": .typedTensor,
      "torch._tensor._rebuild_from_type_v2": .typedTensor,
      "torch.nn.parameter.Parameter": .first, "torch.nn.parameter.Buffer": .first,
      "torch.storage._load_from_bytes": .storageBytes,
      "torch.jit._pickle.build_intlist": .sequence, "torch.jit._pickle.build_boollist": .sequence,
      "torch.jit._pickle.build_doublelist": .sequence,
      "torch.jit._pickle.build_tensorlist": .sequence,
      "torch.jit._pickle.restore_type_tag": .first,
      "copyreg._reconstructor": .reconstructor, "builtins.getattr": .attribute,
      "numpy.multiarray._reconstruct": .numpyArray, "numpy.numeric._frombuffer": .numpyBuffer,
      "numpy.dtype": .numpyType, "numpy.multiarray.scalar": .numpyScalar, "_codecs.encode": .encode,
    ]
    for name in [
      "sparse_tensor", "sparse_csr_tensor", "qtensor", "nested_tensor", "wrapper_subclass",
      "meta_tensor_no_storage", "dtensor",
    ] { rules["torch._utils._rebuild_\(name)"] = .oddTensor }
    for (type, storage, names, numpy) in elementTypes {
      if !storage.isEmpty { rules["torch.\(storage)Storage"] = .storage(type, width: type.width) }
      for name in names { rules["torch.\(name)"] = .elementType(type) }
      for name in numpy { rules["numpy.\(name)"] = .elementType(type) }
    }
    for (storage, width) in oddStorages {
      rules["torch.\(storage)Storage"] = .storage(nil, width: width)
    }
    rules["torch.storage.UntypedStorage"] = .storage(nil, width: 1)
    rules["torch.storage._UntypedStorage"] = .storage(nil, width: 1)
    return rules
  }()

  /// Storage classes whose elements cannot be read, and the bytes of one.
  private static let oddStorages = [
    "ComplexFloat": 8, "ComplexDouble": 16, "QInt8": 1, "QUInt8": 1, "QInt32": 4, "QUInt4x2": 1,
    "QUInt2x4": 1,
  ]

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

  /// Classes of Python, NumPy and PyTorch that stand for plain values; nobody needs to be told of them.
  private static let plain: Set = [
    "torch.device", "numpy.ndarray", "torch.Tensor", "torch.serialization._get_layout",
    "torch.torch_version.TorchVersion", "builtins.object", "builtins.slice", "builtins.complex",
    "builtins.bytearray", "builtins.bytes", "builtins.range", "builtins.xrange", "builtins.int",
    "builtins.long", "builtins.unicode", "builtins.float", "builtins.str", "builtins.bool",
    "builtins.NoneType",
  ]
}
