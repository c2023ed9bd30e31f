"""Digital phantoms: radiographs and CT volumes drawn from numbers, so that the truth about them is known exactly."""
