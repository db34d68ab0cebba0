#include "policies/log/file/gzip_stream.hpp"

#include <zlib.h>

#include <array>
#include <new>

namespace servicekit::policies {

struct GzipStream::State {
    z_stream stream{};
};

GzipStream::GzipStream() : state_{std::make_unique<State>()} {
    constexpr int gzip_window = 15 + 16;  // zlib.h: the greatest window, and 16 for a gzip header
    constexpr int usual_memory = 8;
    if (::deflateInit2(&state_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, usual_memory,
                       Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc{};
}

GzipStream::~GzipStream() { ::deflateEnd(&state_->stream); }

std::string GzipStream::compress(std::string_view bytes, Input input) {
    z_stream& stream = state_->stream;
    // zlib only reads from it, but declares it const only if ZLIB_CONST is defined.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // NOLINT
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::array<char, 32768> piece;
    do {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());  // NOLINT
        stream.avail_out = static_cast<uInt>(piece.size());
        ::deflate(&stream, input == Input::ends ? Z_FINISH : Z_NO_FLUSH);
        out.append(piece.data(), piece.size() - stream.avail_out);
    } while (stream.avail_out == 0);
    return out;
}

}  // namespace servicekit::policies
