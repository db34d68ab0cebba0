// Measured by bench/start: what bare_daemon does, with Poco's ServerApplication where it has the step: fork, pidfile,
// signals, log. Its parent ends before the daemon is ready, so bench/start waits for the socket.
//
//   poco_daemon --daemon --pidfile=DIRECTORY/poco.pid DIRECTORY    also writes DIRECTORY/poco.control and DIRECTORY/poco.log
#include <Poco/AutoPtr.h>
#include <Poco/FileChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/PatternFormatter.h>
#include <Poco/Util/ServerApplication.h>

#include <cstdio>
#include <iostream>  // for POCO_SERVER_MAIN
#include <string>
#include <vector>

namespace {

class PocoDaemon final : public Poco::Util::ServerApplication {
protected:
    int main(const std::vector<std::string>& arguments) override {
        if (arguments.size() != 1) return EXIT_USAGE;
        const std::string& directory = arguments.front();
        const Poco::AutoPtr<Poco::FileChannel> file{new Poco::FileChannel{directory + "/poco.log"}};
        const Poco::AutoPtr<Poco::PatternFormatter> pattern{new Poco::PatternFormatter{"%Y-%m-%dT%H:%M:%SZ %p %t"}};
        const Poco::AutoPtr<Poco::FormattingChannel> log{new Poco::FormattingChannel{pattern, file}};
        logger().setChannel(log);

        const std::string path = directory + "/poco.control";
        std::remove(path.c_str());
        Poco::Net::ServerSocket listener;
        listener.bind(Poco::Net::SocketAddress{Poco::Net::SocketAddress::UNIX_LOCAL, path}, false);
        listener.listen(1024);
        logger().information("ready");
        waitForTerminationRequest();
        std::remove(path.c_str());
        return EXIT_OK;
    }
};

}  // namespace

POCO_SERVER_MAIN(PocoDaemon)
