#include "tools/host/whitebox/layout.hpp"

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

/// Looks fields up and remembers the first that is not there.
class Lookup {
 public:
  explicit Lookup(const Btf& btf) : btf_(btf) {}

  [[nodiscard]] std::optional<u32> maybe(std::string_view structure, std::string_view path) const {
    const auto field = btf_.field(structure, path);
    return field ? std::optional{field->offset} : std::nullopt;
  }
  BtfField field(std::string_view structure, std::string_view path) {
    const auto field = btf_.field(structure, path);
    if (!field) {
      miss(fmt::format("struct {} has no {}", structure, path));
    }
    return field.value_or(BtfField{});
  }
  u32 at(std::string_view structure, std::string_view path) {
    return field(structure, path).offset;
  }
  u32 size(std::string_view structure) {
    const auto size = btf_.size_of(structure);
    if (!size) {
      miss(fmt::format("there is no struct {}", structure));
    }
    return size.value_or(0);
  }
  u32 value(std::string_view enumerator) {
    const auto value = btf_.enumerator(enumerator);
    if (!value) {
      miss(fmt::format("there is no enumerator {}", enumerator));
    }
    return value.value_or(0);
  }
  /// Where element `index` of an array is.
  u32 element(std::string_view structure, std::string_view path, u32 index) {
    const BtfField array = field(structure, path);
    return array.offset + array.element_size * index;
  }
  [[nodiscard]] const std::optional<std::string>& missing() const { return missing_; }

 private:
  void miss(std::string what) {
    if (!missing_) {
      missing_ = std::move(what);
    }
  }
  const Btf& btf_;
  std::optional<std::string> missing_;
};

void find_tasks(Lookup& find, KernelLayout& l) {
  const u32 pid = find.value("PIDTYPE_PID");
  l.task = {.files = find.at("task_struct", "files"),
            .fs = find.at("task_struct", "fs"),
            .nsproxy = find.at("task_struct", "nsproxy"),
            .signal = find.at("task_struct", "signal"),
            .thread_node = find.at("task_struct", "thread_node"),
            .thread_pid = find.at("task_struct", "thread_pid"),
            .prio = find.at("task_struct", "prio"),
            .self_exec_id = find.at("task_struct", "self_exec_id"),
            .pid_link = find.element("task_struct", "pid_links", pid)};
  l.signal = {.thread_head = find.at("signal_struct", "thread_head")};
  l.pid = {.level = find.at("pid", "level"),
           .numbers = find.at("pid", "numbers"),
           .number_size = find.size("upid"),
           .nr = find.at("upid", "nr"),
           .first_task = find.element("pid", "tasks", pid)};
}

void find_files(Lookup& find, KernelLayout& l) {
  l.files = {.fdt = find.at("files_struct", "fdt")};
  l.fdtable = {.max_fds = find.at("fdtable", "max_fds"), .fd = find.at("fdtable", "fd")};
  l.file = {.f_inode = find.at("file", "f_inode"), .private_data = find.at("file", "private_data")};
  l.inode = {.i_mode = find.at("inode", "i_mode"),
             .i_sb = find.at("inode", "i_sb"),
             .i_pipe = find.at("inode", "i_pipe"),
             .i_private = find.at("inode", "i_private"),
             .i_nlink = find.at("inode", "i_nlink"),
             .i_size = find.at("inode", "i_size"),
             .i_uid = find.at("inode", "i_uid"),
             .i_gid = find.at("inode", "i_gid")};
  l.super_block = {.s_magic = find.at("super_block", "s_magic"),
                   .s_fs_info = find.at("super_block", "s_fs_info")};
  const auto ring = find.maybe("dentry", "d_subdirs");
  l.dentry = {.d_name = find.at("dentry", "d_name.name"),
              .d_inode = find.at("dentry", "d_inode"),
              .d_sib = find.at("dentry", ring ? "d_child" : "d_sib"),
              .d_children = ring ? *ring : find.at("dentry", "d_children"),
              .hlist = !ring};
  l.fs = {.pwd_dentry = find.at("fs_struct", "pwd.dentry")};
  l.nsproxy = {.ipc_ns = find.at("nsproxy", "ipc_ns")};
  l.ipc_namespace = {.mq_mnt = find.at("ipc_namespace", "mq_mnt"),
                     .mq_queues_count = find.at("ipc_namespace", "mq_queues_count")};
  l.vfsmount = {.mnt_root = find.at("vfsmount", "mnt_root")};
}

void find_waiting(Lookup& find, KernelLayout& l) {
  l.wait_entry = {.entry = find.at("wait_queue_entry", "entry"),
                  .flags = find.at("wait_queue_entry", "flags"),
                  .private_data = find.at("wait_queue_entry", "private"),
                  .size = find.size("wait_queue_entry")};
  l.poll_wqueues = {.polling_task = find.at("poll_wqueues", "polling_task")};
  l.fasync = {.fa_fd = find.at("fasync_struct", "fa_fd"),
              .fa_next = find.at("fasync_struct", "fa_next")};
}

void find_pipes(Lookup& find, KernelLayout& l) {
  constexpr std::string_view kPipe = "pipe_inode_info";
  const auto wr_wait = find.maybe(kPipe, "wr_wait.head");
  l.pipe = {.size = find.size(kPipe),
            .mutex_owner = find.at(kPipe, "mutex.owner"),
            .rd_wait = find.at(kPipe, wr_wait ? "rd_wait.head" : "wait.head"),
            .max_usage = find.at(kPipe, "max_usage"),
            .ring_size = find.at(kPipe, "ring_size"),
            .nr_accounted = find.at(kPipe, "nr_accounted"),
            .readers = find.at(kPipe, "readers"),
            .writers = find.at(kPipe, "writers"),
            .files = find.at(kPipe, "files"),
            .r_counter = find.at(kPipe, "r_counter"),
            .w_counter = find.at(kPipe, "w_counter"),
            .fasync_readers = find.at(kPipe, "fasync_readers"),
            .fasync_writers = find.at(kPipe, "fasync_writers"),
            .bufs = find.at(kPipe, "bufs"),
            .user = find.at(kPipe, "user"),
            .head = find.field(kPipe, "head"),
            .tail = find.field(kPipe, "tail"),
            .tmp_page = find.field(kPipe, "tmp_page"),
            .wr_wait = wr_wait,
            .poll_usage = find.maybe(kPipe, "poll_usage"),
            .note_loss = find.maybe(kPipe, "note_loss"),
            .watch_queue = find.maybe(kPipe, "watch_queue")};
  l.pipe_buffer = {.size = find.size("pipe_buffer"),
                   .page = find.at("pipe_buffer", "page"),
                   .offset = find.at("pipe_buffer", "offset"),
                   .len = find.at("pipe_buffer", "len"),
                   .ops = find.at("pipe_buffer", "ops"),
                   .flags = find.at("pipe_buffer", "flags"),
                   .private_data = find.at("pipe_buffer", "private")};
  l.user = {.pipe_bufs = find.at("user_struct", "pipe_bufs")};
}

void find_queues(Lookup& find, KernelLayout& l) {
  constexpr std::string_view kQueue = "mqueue_inode_info";
  const u32 list = find.at("ext_wait_queue", "list");
  l.mqueue = {.size = find.size(kQueue),
              .lock = find.at(kQueue, "lock"),
              .vfs_inode = find.at(kQueue, "vfs_inode"),
              .wait_q = find.at(kQueue, "wait_q.head"),
              .msg_tree = find.at(kQueue, "msg_tree.rb_node"),
              .maxmsg = find.at(kQueue, "attr.mq_maxmsg"),
              .msgsize = find.at(kQueue, "attr.mq_msgsize"),
              .curmsgs = find.at(kQueue, "attr.mq_curmsgs"),
              .flags = find.at(kQueue, "attr.mq_flags"),
              .sigev_notify = find.at(kQueue, "notify.sigev_notify"),
              .sigev_signo = find.at(kQueue, "notify.sigev_signo"),
              .sigev_value = find.at(kQueue, "notify.sigev_value"),
              .notify_owner = find.at(kQueue, "notify_owner"),
              .qsize = find.at(kQueue, "qsize"),
              .notify_user_ns = find.at(kQueue, "notify_user_ns"),
              .notify_cookie = find.at(kQueue, "notify_cookie"),
              .notify_self_exec_id = find.at(kQueue, "notify_self_exec_id"),
              .send_list = find.element(kQueue, "e_wait_q", 0) + list,
              .recv_list = find.element(kQueue, "e_wait_q", 1) + list,
              .msg_tree_rightmost = find.maybe(kQueue, "msg_tree_rightmost"),
              .node_cache = find.maybe(kQueue, "node_cache"),
              .ucounts = find.maybe(kQueue, "ucounts")};
  if (l.mqueue.ucounts) {
    l.ucounts = {.msgqueue =
                     find.element("ucounts", "rlimit", find.value("UCOUNT_RLIMIT_MSGQUEUE"))};
  }
  constexpr std::string_view kNode = "posix_msg_tree_node";
  l.tree_node = {.size = find.size(kNode),
                 .parent_color = find.at(kNode, "rb_node.__rb_parent_color"),
                 .left = find.at(kNode, "rb_node.rb_left"),
                 .right = find.at(kNode, "rb_node.rb_right"),
                 .msg_list = find.at(kNode, "msg_list"),
                 .priority = find.at(kNode, "priority"),
                 .rb_node = find.at(kNode, "rb_node")};
  l.msg = {.size = find.size("msg_msg"),
           .m_list = find.at("msg_msg", "m_list"),
           .m_type = find.at("msg_msg", "m_type"),
           .m_ts = find.at("msg_msg", "m_ts"),
           .next = find.at("msg_msg", "next")};
  l.msg_segment = {.next = find.at("msg_msgseg", "next")};
  l.ext_wait = {.size = find.size("ext_wait_queue"),
                .task = find.at("ext_wait_queue", "task"),
                .list = list,
                .msg = find.at("ext_wait_queue", "msg"),
                .state = find.at("ext_wait_queue", "state")};
  l.sk_buff = {.data = find.at("sk_buff", "data")};
}

}  // namespace

std::expected<KernelLayout, std::string> KernelLayout::of(const Btf& btf) {
  Lookup find(btf);
  KernelLayout layout{};
  find_tasks(find, layout);
  find_files(find, layout);
  find_waiting(find, layout);
  find_pipes(find, layout);
  find_queues(find, layout);
  if (find.missing()) {
    return std::unexpected("this kernel's BTF is not as expected: " + *find.missing());
  }
  return layout;
}

}  // namespace ipcsim::host
