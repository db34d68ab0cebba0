#pragma once

#include <servicekit/service.hpp>

#include "servicekit/mocks/mock_middle.hpp"
