#pragma once

#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include "servicekit/main.hpp"
#include "servicekit/os/middle.hpp"
