#pragma once

#include <fcntl.h>

#include <boost/asio.hpp>
