"""What the model endpoints send and take, one file a model, both ways: clients and servers read the same lines."""
