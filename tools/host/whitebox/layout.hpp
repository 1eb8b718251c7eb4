// Where the fields are that the walkers read, in the running kernel.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "tools/host/whitebox/btf.hpp"

namespace ipcsim::host {

/// Offsets in bytes, each from the start of the structure that it is grouped under. They come from
/// BTF alone: a kernel without an optional field has none here, whatever its version.
struct KernelLayout {
  /// Errors (by text): the first field that is needed and not there.
  [[nodiscard]] static std::expected<KernelLayout, std::string> of(const Btf& btf);

  struct {
    u32 files, fs, nsproxy, signal, thread_node, thread_pid, prio, self_exec_id;
    u32 pid_link;  ///< pid_links[PIDTYPE_PID]
  } task;
  struct {
    u32 thread_head;
  } signal;
  struct {
    u32 level, numbers, number_size, nr;
    u32 first_task;  ///< tasks[PIDTYPE_PID].first
  } pid;
  struct {
    u32 fdt;
  } files;
  struct {
    u32 max_fds, fd;
  } fdtable;
  struct {
    u32 f_inode, private_data;
  } file;
  struct {
    u32 i_mode, i_sb, i_pipe, i_private, i_nlink, i_size, i_uid, i_gid;
  } inode;
  struct {
    u32 s_magic, s_fs_info;
  } super_block;
  /// To find a FIFO or a queue by its name.
  struct {
    u32 d_name, d_inode, d_sib, d_children;
    bool hlist;  ///< the children are an hlist, not a ring
  } dentry;
  struct {
    u32 pwd_dentry;
  } fs;
  struct {
    u32 ipc_ns;
  } nsproxy;
  struct {
    u32 mq_mnt, mq_queues_count;
  } ipc_namespace;
  struct {
    u32 mnt_root;
  } vfsmount;

  struct {
    u32 entry, flags, private_data, size;
  } wait_entry;
  struct {
    u32 polling_task;
  } poll_wqueues;
  struct {
    u32 fa_fd, fa_next;
  } fasync;

  struct {
    u32 size, mutex_owner, rd_wait, max_usage, ring_size, nr_accounted, readers, writers, files;
    u32 r_counter, w_counter, fasync_readers, fasync_writers, bufs, user;
    BtfField head, tail;         ///< 16 or 32 bits
    BtfField tmp_page;           ///< one page or two
    std::optional<u32> wr_wait;  ///< to 5.4 `wait` is both
    std::optional<u32> poll_usage;
    std::optional<u32> note_loss;  ///< with CONFIG_WATCH_QUEUE
    std::optional<u32> watch_queue;
  } pipe;
  struct {
    u32 size, page, offset, len, ops, flags, private_data;
  } pipe_buffer;
  struct {
    u32 pipe_bufs;
  } user;
  struct {
    u32 data;
  } sk_buff;

  struct {
    u32 size, lock, vfs_inode, wait_q, msg_tree, maxmsg, msgsize, curmsgs;
    u32 flags, sigev_notify, sigev_signo, sigev_value, notify_owner, qsize;
    u32 notify_user_ns, notify_cookie;
    u32 notify_self_exec_id;
    u32 send_list, recv_list;  ///< e_wait_q[i].list
    std::optional<u32> msg_tree_rightmost;
    std::optional<u32> node_cache;
    std::optional<u32> ucounts;
  } mqueue;
  struct {
    std::optional<u32> msgqueue;  ///< rlimit[UCOUNT_RLIMIT_MSGQUEUE]
  } ucounts;
  struct {
    u32 size, parent_color, left, right, msg_list, priority;  ///< with its rb_node
    u32 rb_node;
  } tree_node;
  struct {
    u32 size, m_list, m_type, m_ts, next;
  } msg;
  struct {
    u32 next;
  } msg_segment;
  struct {
    u32 size, task, list, msg, state;
  } ext_wait;
};

}  // namespace ipcsim::host
