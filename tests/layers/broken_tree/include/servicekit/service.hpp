#pragma once

#include "servicekit/core/high.hpp"
#include "servicekit/main.hpp"
