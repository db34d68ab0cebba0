#pragma once

#include <new>
#include <system_error>

namespace servicekit {

/// Takes a step that may be left out if the system refuses memory (std::bad_alloc) or another resource
/// (std::system_error) for it. \returns whether the step was taken to its end
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
