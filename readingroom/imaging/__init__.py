"""Pixels: reading DICOM, NIfTI, NRRD and raster files; windows, geometry, sides, and the gate before any tool."""
