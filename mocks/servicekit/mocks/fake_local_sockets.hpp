#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_client.hpp"
#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/mocks/fake_stream.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::mocks {

/// Sockets in memory. Their files are among the fake files, with owner and permissions, and stay until someone removes
/// them. Their descriptors belong to the reactor, which therefore knows when they are ready.
class FakeLocalSockets final : public os::LocalSockets {
public:
    FakeLocalSockets(FakeReactor& reactor, FakeFiles& files, FakeProcess& process)
        : reactor_{&reactor}, files_{&files}, process_{&process} {}

    Result<std::unique_ptr<os::LocalListener>> listen(const std::string& path,
                                                      const os::LocalSocketAccess& access) override;
    Result<std::unique_ptr<os::LocalListener>> adopt(int descriptor, const std::string& path) override;
    /// Waits of the connection turn the reactor, on virtual time.
    Result<std::unique_ptr<os::LocalConnection>> connect(const std::string& path) override;
    Result<std::unique_ptr<os::LocalConnection>> try_connect(const std::string& path,
                                                             os::Links links = os::Links::follow) override;
    Result<os::Listening> probe(const std::string& path) override;
    [[nodiscard]] bool is_left_to_manager(const std::string& path) override;
    [[nodiscard]] std::vector<std::string> paths_of_managers() override;

    /// Failures of the functions, by their names; the object is the path. `receive` and `send` apply to both ends that
    /// are an os::LocalConnection.
    FakeFailures& failures() noexcept { return *failures_; }

    /// Connects the test, as this process. \throws std::runtime_error on failure
    FakeClient connect(const std::string& path, const Peer& client);
    /// Binds the path as the service manager, unless already done, and listens there as long as this object lives.
    /// \returns a descriptor for the service, for one adopt()
    int listen_for_service(const std::string& path);
    /// Returns the process that listens at a path; nothing if none does. Does not count as an operation.
    [[nodiscard]] std::optional<pid_t> listener(const std::string& path) const;
    /// Sets how many unread bytes a new connection holds in each direction.
    void set_buffer_size(std::size_t bytes) noexcept { buffer_size_ = bytes; }
    /// Sets how many connections may wait to be accepted before try_connect() returns null. connect() does not wait
    /// here.
    void set_backlog(std::size_t connections) noexcept { backlog_ = connections; }
    /// Closes the sockets of the process, like the kernel; their files stay.
    void process_died(pid_t pid);

private:
    class FakeConnection;
    class FakeListener;
    struct Bound;

    [[nodiscard]] std::shared_ptr<Bound> listener_at(const FakeNode& node) const;
    [[nodiscard]] Result<std::shared_ptr<FakeStream>> reach(const std::string& path, const Peer& client);
    [[nodiscard]] Peer self() const;
    std::unique_ptr<os::LocalConnection> open(std::shared_ptr<FakeStream> stream, FakeStream::End end,
                                              const std::string& path);

    FakeReactor* reactor_;
    FakeFiles* files_;
    FakeProcess* process_;
    std::shared_ptr<FakeFailures> failures_ =
        std::make_shared<FakeFailures>(FakeFailures{"listen", "adopt", "connect", "try_connect", "probe", "accept",
                                                    "remove_file", "change_owner", "group", "receive", "send"});
    std::map<std::uint64_t, std::weak_ptr<Bound>> by_inode_;
    std::map<std::string, std::shared_ptr<Bound>> of_manager_;                 ///< by path
    std::map<int, std::pair<std::string, std::shared_ptr<Bound>>> passed_on_;  ///< by descriptor for the service
    std::vector<std::weak_ptr<FakeStream>> streams_;
    std::size_t backlog_ = 32;
    std::size_t buffer_size_ = 212'992;  // Linux's net.core.wmem_default
};

}  // namespace servicekit::mocks
