{
  # Headers of Node and node-addon-api are system headers: -Werror is for our own files.
  'targets': [{
    'target_name': 'leasewire',
    'sources': [
      'src/napi/arguments.cc',
      'src/napi/descriptor.cc',
      'src/napi/doorbell.cc',
      'src/napi/environment.cc',
      'src/napi/error.cc',
      'src/napi/mapping.cc',
      'src/napi/memfd.cc',
      'src/napi/module.cc',
      'src/napi/poll_watch.cc',
      'src/napi/readable.cc',
      'src/napi/seqpacket_listener.cc',
      'src/napi/seqpacket_socket.cc',
      'src/napi/wait.cc',
      'src/os/event_fd.cc',
      'src/os/mapping.cc',
      'src/os/memfd.cc',
      'src/os/seqpacket.cc',
      'src/os/seqpacket_message.cc',
      'src/os/unique_fd.cc',
      'src/os/wait.cc',
    ],
    'include_dirs': ['src'],
    # A worker may be terminated within any call; what then can not be thrown must not abort.
    'defines': [
      'NAPI_VERSION=9',
      'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
    ],
    'cflags': [
      '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror',
      '-fvisibility=hidden',
      '-isystem', '<(node_root_dir)/include/node',
      '-isystem', '<!(node -p "require(\'path\').resolve(require(\'node-addon-api\').include_dir)")',
    ],
    'cflags_cc!': ['-std=gnu++17'],
    'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti'],
    'configurations': {
      'Debug': {
        'cflags!': ['-O0'],
        'cflags': [
          '-O1', '-fno-omit-frame-pointer',
          '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined',
        ],
        'ldflags': ['-fsanitize=address,undefined'],
      },
    },
  }],
}
