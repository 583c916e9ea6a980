"""The figures of the whole book: what each counts is in its module, what it is called in `keys`."""
