#pragma once

#include "servicekit/core/high.hpp"
