#include <unistd.h>
#include <csignal>

#include <boost/asio.hpp>

#include "servicekit/core/high.hpp"
#include "surprise/unknown.hpp"
