// An HTTP server on a port of its own, which answers with what the test gave it.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace http {

class Server {
 public:
  Server() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        syscall(SYS_listen, listener_, 16) != 0)  // past network_guard.h
      throw std::runtime_error("no server");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    shutdown(listener_, SHUT_RDWR);
    close(listener_);
    thread_.join();
  }
  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port) + path;
  }
  std::string host(const std::string& name = "127.0.0.1") const { return name + ":" + std::to_string(port); }

  std::map<std::string, std::string> pages;  // by path, the whole answer; before it is asked
  std::function<std::string(const std::string& path)> answer = [this](const std::string& path) {
    const auto page = pages.find(path);
    return page == pages.end() ? "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                               : page->second;
  };
  size_t pieces = 0;  // of an answer, with pauses between them
  int pauseMs = 0;
  std::atomic<int> requests{0};
  int port = 0;

 private:
  void serve() {
    for (int peer; (peer = accept(listener_, nullptr, nullptr)) >= 0; close(peer)) {
      char request[4096] = {};
      if (recv(peer, request, sizeof request - 1, 0) <= 0) continue;
      requests++;
      const std::string line(request);
      const size_t from = line.find(' ') + 1;
      const std::string bytes = answer(line.substr(from, line.find(' ', from) - from));
      const size_t piece = pieces > 0 ? bytes.size() / pieces + 1 : bytes.size();
      for (size_t at = 0; at < bytes.size(); at += piece) {
        if (at > 0) std::this_thread::sleep_for(std::chrono::milliseconds(pauseMs));
        if (send(peer, bytes.data() + at, std::min(piece, bytes.size() - at), MSG_NOSIGNAL) < 0) break;
      }
    }
  }
  int listener_ = -1;
  std::thread thread_;
};

inline std::string file(const std::string& type, const std::vector<uint8_t>& bytes) {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" + std::string(bytes.begin(), bytes.end());
}
inline std::string redirect(const std::string& to) {
  return "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + to + "\r\n\r\n";
}

}  // namespace http
