#include "servicekit/mocks/fake_local_sockets.hpp"

#include <cerrno>
#include <chrono>
#include <deque>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace servicekit::mocks {

using End = FakeStream::End;

/// A socket that is bound to a path, and listens until it is closed.
struct FakeLocalSockets::Bound {
    FakeFileTree::Node node;
    Peer owner;
    bool is_closed = false;
    std::deque<std::shared_ptr<FakeStream>> waiting = {};
    int adopted_by = 0;  ///< number of listeners that share the manager's socket

    void close() {
        is_closed = true;
        for (const auto& stream : std::exchange(waiting, {})) stream->close(End::server);
    }
};

class FakeLocalSockets::FakeConnection final : public os::LocalConnection {
public:
    FakeConnection(FakeReactor& reactor, std::shared_ptr<FakeFailures> failures, std::shared_ptr<FakeStream> stream,
                   End end, std::string path)
        : reactor_{&reactor},
          failures_{std::move(failures)},
          stream_{std::move(stream)},
          end_{end},
          path_{std::move(path)},
          descriptor_{
              reactor.open((end == End::server ? "a connection to '" : "a client's connection to '") + path_ + "'",
                           {.readable = [stream = stream_, end] { return stream->is_readable(end); },
                            .writable = [stream = stream_, end] { return stream->is_writable(end); }})} {}
    ~FakeConnection() override {
        reactor_->close(descriptor_);
        stream_->close(end_);
    }
    FakeConnection(const FakeConnection&) = delete;
    FakeConnection& operator=(const FakeConnection&) = delete;

    os::Transfer receive(std::span<char> buffer) override {
        if (const auto failure = failures_->due("receive", path_)) return failed(*failure);
        return stream_->receive(end_, buffer);
    }
    os::Transfer send(std::string_view bytes) override {
        if (const auto failure = failures_->due("send", path_)) return failed(*failure);
        return stream_->send(end_, bytes);
    }
    void shut_down_sending() override { stream_->shut_down_sending(end_); }
    [[nodiscard]] Peer peer() const override {
        Peer peer = stream_->who(FakeStream::other(end_));
        peer.groups.clear();
        return peer;
    }
    [[nodiscard]] std::vector<gid_t> peer_groups() const override {
        return stream_->who(FakeStream::other(end_)).groups;
    }
    [[nodiscard]] int descriptor() const override { return descriptor_; }
    bool wait_until_readable(std::chrono::milliseconds at_most) override {
        return reactor_->run_until([this] { return stream_->is_readable(end_); }, "a reader of '" + path_ + "'",
                                   at_most);
    }
    bool wait_until_writable(std::chrono::milliseconds at_most) override {
        return reactor_->run_until([this] { return stream_->is_writable(end_); }, "a writer to '" + path_ + "'",
                                   at_most);
    }

private:
    static os::Transfer failed(int errno_value) {
        return {.state = os::Transfer::State::failed, .errno_value = errno_value};
    }

    FakeReactor* reactor_;
    std::shared_ptr<FakeFailures> failures_;
    std::shared_ptr<FakeStream> stream_;
    End end_;
    std::string path_;
    int descriptor_;
};

class FakeLocalSockets::FakeListener final : public os::LocalListener {
public:
    enum class Whose { ours, managers };

    FakeListener(FakeLocalSockets& sockets, std::shared_ptr<Bound> bound, std::string path, Whose whose)
        : sockets_{&sockets},
          whose_{whose},
          bound_{std::move(bound)},
          path_{std::move(path)},
          descriptor_{sockets.reactor_->open("the listener at '" + path_ + "'",
                                             {.readable = [bound = bound_] { return !bound->waiting.empty(); }})} {
        if (whose_ == Whose::managers) ++bound_->adopted_by;
    }
    ~FakeListener() override {
        sockets_->reactor_->close(descriptor_);
        if (whose_ == Whose::ours) {
            // The file of a killed process stays, because its socket is already closed.
            static_cast<void>(unlink());
            bound_->close();
        } else {
            --bound_->adopted_by;
        }
    }
    FakeListener(const FakeListener&) = delete;
    FakeListener& operator=(const FakeListener&) = delete;

    Result<std::unique_ptr<os::LocalConnection>> accept() override {
        if (const auto failure = sockets_->failures_->due("accept", path_))
            return os_error("accept a connection on", path_, *failure);
        if (bound_->waiting.empty()) return std::unique_ptr<os::LocalConnection>{};
        auto stream = std::move(bound_->waiting.front());
        bound_->waiting.pop_front();
        return sockets_->open(std::move(stream), End::server, path_);
    }
    Result<void> remove_file() override {
        if (const auto failure = sockets_->failures_->due("remove_file", path_))
            return os_error("remove", path_, *failure);
        if (whose_ == Whose::managers) return {};
        const int refusal = unlink();
        return refusal != 0 ? os_error("remove", path_, refusal) : Result<void>{};
    }
    Result<void> change_owner(uid_t uid, gid_t gid) override {
        if (const auto failure = sockets_->failures_->due("change_owner", path_))
            return os_error("change the owner of", path_, *failure);
        if (whose_ == Whose::managers) return {};
        if (sockets_->process_->effective_user() != 0) return os_error("change the owner of", path_, EPERM);
        bound_->node->uid = uid;
        bound_->node->gid = gid;
        return {};
    }
    [[nodiscard]] Result<gid_t> group() const override {
        if (const auto failure = sockets_->failures_->due("group", path_)) return os_error("look at", path_, *failure);
        return bound_->node->gid;
    }
    [[nodiscard]] int descriptor() const override { return descriptor_; }

private:
    /// \returns 0, or the reason why it could not be removed
    int unlink() {
        const auto place = sockets_->files_->tree().find(path_, os::Links::do_not_follow);
        if (bound_->is_closed || place.node != bound_->node) return 0;
        return sockets_->files_->tree().remove(place);
    }

    FakeLocalSockets* sockets_;
    Whose whose_;
    std::shared_ptr<Bound> bound_;
    std::string path_;
    int descriptor_;
};

Result<std::unique_ptr<os::LocalListener>> FakeLocalSockets::listen(const std::string& path,
                                                                    const os::LocalSocketAccess& access) {
    const auto refused = [&path](int errno_value) {
        return os_error("listen on", path, errno_value).at_stage(ExitCode::cannot_create);
    };
    if (const auto failure = failures_->due("listen", path)) return refused(*failure);
    FakeFileTree& tree = files_->tree();
    auto place = tree.find(path, os::Links::do_not_follow);
    if (place.node != nullptr && place.node->type != os::FileType::socket) {
        Error error = refused(EADDRINUSE);
        error.reason = "the file that is there is not a socket";
        return error;
    }
    if (place.node != nullptr) {
        if (const int refusal = tree.remove(place); refusal != 0) return refused(refusal);
        place.node = nullptr;
    }
    if (const int refusal = tree.create(place, os::FileType::socket, access.permissions); refusal != 0)
        return refused(refusal);
    if (access.owner) place.node->uid = *access.owner;
    if (access.group) place.node->gid = *access.group;
    const auto bound = std::make_shared<Bound>(Bound{.node = place.node, .owner = self()});
    by_inode_.insert_or_assign(place.node->inode, bound);
    return std::unique_ptr<os::LocalListener>{
        std::make_unique<FakeListener>(*this, bound, path, FakeListener::Whose::ours)};
}

Result<std::unique_ptr<os::LocalListener>> FakeLocalSockets::adopt(int descriptor, const std::string& path) {
    if (const auto failure = failures_->due("adopt", path)) return os_error("listen on", path, *failure);
    const auto found = passed_on_.find(descriptor);
    if (found == passed_on_.end() || found->second.first != path)
        return Error{ExitCode::configuration, "listen on", path,
                     "descriptor " + std::to_string(descriptor) + " does not listen there"};
    auto bound = found->second.second;
    passed_on_.erase(found);
    reactor_->close(descriptor);
    return std::unique_ptr<os::LocalListener>{
        std::make_unique<FakeListener>(*this, std::move(bound), path, FakeListener::Whose::managers)};
}

bool FakeLocalSockets::is_left_to_manager(const std::string& path) {
    const auto found = of_manager_.find(path);
    return found != of_manager_.end() && found->second->adopted_by == 0;
}

std::vector<std::string> FakeLocalSockets::paths_of_managers() {
    std::vector<std::string> paths;
    for (const auto& [path, bound] : of_manager_) paths.push_back(path);
    return paths;
}

int FakeLocalSockets::listen_for_service(const std::string& path) {
    FakeFileTree& tree = files_->tree();
    auto place = tree.find(path, os::Links::do_not_follow);
    auto& bound = of_manager_[path];
    if (bound == nullptr) {
        if (const int refusal = tree.create(place, os::FileType::socket, 0600); refusal != 0)
            throw std::runtime_error(os_error("listen on", path, refusal).message());
        bound = std::make_shared<Bound>(Bound{.node = place.node, .owner = {.pid = 1, .uid = 0, .gid = 0}});
        by_inode_.insert_or_assign(place.node->inode, bound);
    }
    const int descriptor = reactor_->open("the socket at '" + path + "'");
    passed_on_.insert_or_assign(descriptor, std::pair{path, bound});
    return descriptor;
}

Result<std::unique_ptr<os::LocalConnection>> FakeLocalSockets::connect(const std::string& path) {
    if (const auto failure = failures_->due("connect", path)) return os_error("connect to", path, *failure);
    auto stream = reach(path, self());
    if (!stream) return stream.error();
    return open(*std::move(stream), End::client, path);
}

Result<std::unique_ptr<os::LocalConnection>> FakeLocalSockets::try_connect(const std::string& path, os::Links links) {
    if (const auto failure = failures_->due("try_connect", path)) return os_error("connect to", path, *failure);
    if (links == os::Links::do_not_follow) {
        const auto place = files_->tree().find(path, links);
        if (place.errno_value == 0 && place.node != nullptr && place.node->type == os::FileType::symlink)
            return os_error("connect to", path, ELOOP);
    }
    const auto node = files_->tree().peek(path);
    const auto bound = node == nullptr ? nullptr : listener_at(*node);
    if (bound != nullptr && bound->waiting.size() >= backlog_) return std::unique_ptr<os::LocalConnection>{};
    auto stream = reach(path, self());
    if (!stream) return stream.error();
    return open(*std::move(stream), End::client, path);
}

Result<os::Listening> FakeLocalSockets::probe(const std::string& path) {
    if (const auto failure = failures_->due("probe", path)) return os_error("connect to", path, *failure);
    const auto place = files_->tree().find(path, os::Links::follow);
    if (place.errno_value == ENOENT || place.errno_value == ENOTDIR) return os::Listening::nothing;
    if (place.errno_value != 0) return os_error("connect to", path, place.errno_value);
    if (place.node == nullptr) return os::Listening::nothing;
    if (place.node->type != os::FileType::socket) return os::Listening::not_socket;
    if (!files_->tree().may(*place.node, FakeFileTree::Access::write)) return os_error("connect to", path, EACCES);
    return listener_at(*place.node) != nullptr ? os::Listening::yes : os::Listening::no;
}

FakeClient FakeLocalSockets::connect(const std::string& path, const Peer& client) {
    auto stream = reach(path, client);
    if (!stream) throw std::runtime_error(stream.error().message());
    return FakeClient{*std::move(stream), *reactor_};
}

std::optional<pid_t> FakeLocalSockets::listener(const std::string& path) const {
    const auto node = files_->tree().peek(path);
    const auto bound = node == nullptr ? nullptr : listener_at(*node);
    return bound == nullptr ? std::nullopt : std::optional{bound->owner.pid};
}

void FakeLocalSockets::process_died(pid_t pid) {
    for (const auto& [inode, weak] : by_inode_)
        if (const auto bound = weak.lock(); bound != nullptr && bound->owner.pid == pid) bound->close();
    for (const auto& weak : streams_) {
        const auto stream = weak.lock();
        if (stream == nullptr) continue;
        for (const End end : {End::server, End::client})
            if (stream->who(end).pid == pid) stream->close(end);
    }
}

std::shared_ptr<FakeLocalSockets::Bound> FakeLocalSockets::listener_at(const FakeNode& node) const {
    const auto found = by_inode_.find(node.inode);
    auto bound = found == by_inode_.end() ? nullptr : found->second.lock();
    return bound != nullptr && !bound->is_closed ? bound : nullptr;
}

Result<std::shared_ptr<FakeStream>> FakeLocalSockets::reach(const std::string& path, const Peer& client) {
    const auto refused = [&path](int errno_value) { return os_error("connect to", path, errno_value); };
    const FakeFileTree& tree = files_->tree();
    const auto place = tree.find(path, os::Links::follow);
    if (place.errno_value != 0) return refused(place.errno_value);
    if (place.node == nullptr) return refused(ENOENT);
    if (place.node->type != os::FileType::socket) return refused(ECONNREFUSED);
    if (!tree.may(client, *place.node, FakeFileTree::Access::write)) return refused(EACCES);
    const auto bound = listener_at(*place.node);
    if (bound == nullptr) return refused(ECONNREFUSED);
    auto stream = std::make_shared<FakeStream>(bound->owner, client, buffer_size_);
    std::erase_if(streams_, [](const auto& known) { return known.expired(); });
    streams_.push_back(stream);
    bound->waiting.push_back(stream);
    return stream;
}

Peer FakeLocalSockets::self() const {
    const Peer& caller = files_->tree().caller();
    return {.pid = process_->id(), .uid = process_->effective_user(), .gid = caller.gid, .groups = caller.groups};
}

std::unique_ptr<os::LocalConnection> FakeLocalSockets::open(std::shared_ptr<FakeStream> stream, End end,
                                                            const std::string& path) {
    return std::make_unique<FakeConnection>(*reactor_, failures_, std::move(stream), end, path);
}

}  // namespace servicekit::mocks
