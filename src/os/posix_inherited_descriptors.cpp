#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "os/deadline.hpp"
#include "os/descriptors_at_start.hpp"
#include "os/patient_write.hpp"
#include "os/sockets/sigpipe_block.hpp"
#include "servicekit/os/inherited_descriptors.hpp"

namespace servicekit::os {
namespace {

constexpr std::chrono::seconds longest_wait{1};

Error fault(const char* action, int descriptor, int errno_value) {
    return os_error(action, "descriptor " + std::to_string(descriptor), errno_value);
}

class PosixInheritedDescriptors final : public InheritedDescriptors {
public:
    Result<void> claim_for_writing(int descriptor) override {
        const int status = ::fcntl(descriptor, F_GETFL);
        if (status < 0) return fault("use", descriptor, errno);
        if (!descriptors_at_start::still_has(descriptor)) {
            Error error = fault("use", descriptor, EBADF);
            error.reason = "the program has opened it itself";
            return error;
        }
        if ((status & O_ACCMODE) == O_RDONLY || (status & O_PATH) != 0) {
            Error error = fault("use", descriptor, EBADF);
            error.reason = "it is not open for writing";
            return error;
        }
        const int flags = ::fcntl(descriptor, F_GETFD);
        if (flags < 0 || ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) != 0) return fault("use", descriptor, errno);
        return {};
    }

    Result<void> write_and_close(int descriptor, std::string_view text) override {
        const int failure = write(descriptor, text);
        close(descriptor);
        if (failure != 0) return fault("write to", descriptor, failure);
        return {};
    }

    void close(int descriptor) noexcept override { ::close(descriptor); }

    Result<void> close_all_but(std::span<const int> keep) override {
        if (!descriptors_at_start::are_known()) return os_error("close what this process inherited", "", ENOMEM);
        descriptors_at_start::close_all_but(keep);
        return {};
    }

private:
    /// \returns 0, or the errno if not all of it was written.
    static int write(int descriptor, std::string_view text) {
        const SigpipeBlock block;
        return patient_write(descriptor, text, Deadline{longest_wait}).errno_value;
    }
};

}  // namespace

InheritedDescriptors& posix_inherited_descriptors() {
    static PosixInheritedDescriptors descriptors;
    return descriptors;
}

}  // namespace servicekit::os
