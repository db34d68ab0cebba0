#pragma once

#include "servicekit/core/high.hpp"
#include "servicekit/os/middle.hpp"
