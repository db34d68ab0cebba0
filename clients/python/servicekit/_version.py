"""The version of servicekit, the same as in include/servicekit/base/version.hpp."""

version = "0.1.0"
