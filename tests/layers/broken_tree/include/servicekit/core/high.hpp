#pragma once

#include "servicekit/policies/lock/cunning.hpp"
#include "servicekit/policy/agreement.hpp"
