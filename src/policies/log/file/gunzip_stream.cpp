#include "policies/log/file/gunzip_stream.hpp"

#include <zlib.h>

#include <array>
#include <new>

namespace servicekit::policies {
namespace {

void skip_padding(z_stream& stream) {
    for (; stream.avail_in > 0 && *stream.next_in == 0; --stream.avail_in) ++stream.next_in;
}

}  // namespace

struct GunzipStream::State {
    State() {
        constexpr int gzip_window = 15 + 16;  // zlib.h: the greatest window, and 16 for a gzip header
        if (::inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc{};
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { ::inflateEnd(&stream); }

    z_stream stream{};
    bool is_within_member = false;
    bool is_behind_member = false;
    bool is_damaged = false;
};

GunzipStream::GunzipStream() : state_{std::make_unique<State>()} {}

GunzipStream::GunzipStream(GunzipStream&& other) noexcept = default;
GunzipStream& GunzipStream::operator=(GunzipStream&& other) noexcept = default;

GunzipStream::~GunzipStream() = default;

std::string GunzipStream::decompress(std::string_view bytes) {
    std::string out;
    if (state_->is_damaged) return out;
    z_stream& stream = state_->stream;
    // zlib only reads from it, but declares it const only if ZLIB_CONST is defined.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // NOLINT
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::array<char, 32768> piece;
    do {
        if (state_->is_behind_member) skip_padding(stream);
        if (stream.avail_in > 0) {
            state_->is_within_member = true;
            state_->is_behind_member = false;
        }
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());  // NOLINT
        stream.avail_out = static_cast<uInt>(piece.size());
        const int done = ::inflate(&stream, Z_NO_FLUSH);
        out.append(piece.data(), piece.size() - stream.avail_out);
        if (done == Z_STREAM_END) {
            state_->is_within_member = false;
            state_->is_behind_member = true;
            ::inflateReset(&stream);
        } else if (done == Z_MEM_ERROR) {
            throw std::bad_alloc{};
        } else if (done != Z_OK && done != Z_BUF_ERROR) {
            state_->is_damaged = true;
            break;
        }
    } while (stream.avail_in > 0 || (stream.avail_out == 0 && state_->is_within_member));
    return out;
}

bool GunzipStream::is_damaged() const noexcept { return state_->is_damaged; }

bool GunzipStream::is_within_member() const noexcept { return state_->is_within_member; }

}  // namespace servicekit::policies
