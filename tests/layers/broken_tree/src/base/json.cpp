#include <rapidjson/reader.h>

#include <CLI/CLI.hpp>
