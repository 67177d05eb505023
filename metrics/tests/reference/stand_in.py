"""Modules that stand in for those of the official scripts that no score depends on, or that cannot be had."""

import sys
import types


def module(name, **members):
    """Makes a module of this name with these members importable."""
    sys.modules[name] = types.ModuleType(name)
    for key, value in members.items():
        setattr(sys.modules[name], key, value)
    if "." in name:
        parent, child = name.rsplit(".", 1)
        setattr(sys.modules[parent], child, sys.modules[name])
