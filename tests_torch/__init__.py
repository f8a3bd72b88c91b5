"""What is compared with PyTorch, in an environment of its own: make test-torch."""
