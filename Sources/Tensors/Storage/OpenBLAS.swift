import COpenBLAS

/// Loads OpenBLAS, which otherwise its first use does.
package func loadOpenBLAS() { ob_load() }
