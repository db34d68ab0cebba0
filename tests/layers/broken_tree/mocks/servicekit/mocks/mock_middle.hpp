#pragma once

#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include "servicekit/core/high.hpp"
#include "servicekit/os/middle.hpp"
