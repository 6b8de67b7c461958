"""The same work in PyTorch and scikit-learn: what Unmask's figures are compared with."""
