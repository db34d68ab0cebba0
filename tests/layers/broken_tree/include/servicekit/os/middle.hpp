#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "os/private.hpp"
#include "servicekit/base/low.hpp"
