"""The published layouts of datasets that people have, read into cases: one file a layout, nothing downloaded."""
