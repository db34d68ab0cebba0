#pragma once

#include <boost/optional.hpp>
#include <string>

#include "servicekit/os/middle.hpp"
