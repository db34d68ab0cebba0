#pragma once

#include <new>
#include <system_error>

namespace servicekit {

/// Runs an optional step and ignores its failure if the system lacks memory (std::bad_alloc) or another resource
/// (std::system_error).
/// \returns true if the step was completed
template <class Step>
bool attempt(const Step& step) {
    try {
        step();
    } catch (const std::bad_alloc&) {
        return false;
    } catch (const std::system_error&) {
        return false;
    }
    return true;
}

}  // namespace servicekit
