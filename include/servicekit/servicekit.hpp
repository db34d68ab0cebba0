#pragma once

/// Everything that a service program needs: the service (service.hpp) and its command line (main.hpp).

#include "servicekit/main.hpp"
#include "servicekit/service.hpp"
