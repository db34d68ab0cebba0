#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit {

/// A process that listens on a control socket in memory, and answers with the test's script.
class ScriptedService {
public:
    /// A piece of output or an action, some time after the request or the previous piece.
    struct Piece {
        std::string text = {};
        std::chrono::milliseconds after{0};
        bool then_close = false;
    };
    /// \param request one complete line, without its newline
    using Script = std::function<std::vector<Piece>(const std::string& request)>;

    static constexpr pid_t pid = 7000;

    /// \param process the one that listens
    ScriptedService(mocks::FakeOs& host, const std::string& path, Script script, pid_t process = pid);
    ScriptedService(const ScriptedService&) = delete;
    ScriptedService& operator=(const ScriptedService&) = delete;
    ~ScriptedService();

    /// Closes every connection. New ones are still accepted.
    void hang_up();

    std::vector<std::string> requests;  ///< all requests, in order
    int connections = 0;                ///< number of connections so far

private:
    struct Talk;

    void await_connection();
    void await_request(Talk& talk);
    void send_next(Talk& talk);
    void end(Talk& talk);

    mocks::FakeEventLoop loop_;
    Script script_;
    std::unique_ptr<os::LocalListener> listener_;
    std::unique_ptr<os::Watch> watch_;
    std::list<Talk> talks_;
};

}  // namespace servicekit
