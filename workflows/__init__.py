"""The readings this house can do, as plain async functions: study and request in, evidence and words out."""
