#pragma once

#include "servicekit/contract/agreement.hpp"
#include "servicekit/policies/lock/cunning.hpp"
