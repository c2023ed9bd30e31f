"""Files freed of what says whose they are, by DICOM's own profile, and a report of what was taken out."""
