//! The memory of one engine, which can be put back to what it was: an [`Image`] is a copy of everything that the engine
//! holds, and restoring it undoes all that a run did to it, down to the last byte.
//!
//! That is what makes a fresh engine cheap. Making one anew means reading the prelude and the function's modules,
//! evaluating them and freeing all of it one by one, which takes several times as long as most actions; copying a
//! megabyte or two takes a fraction of a millisecond, and nothing of a run is left for the next.
//!
//! The engine gets its memory from a TLSF allocator (crate `rlsf`: its whole state lies in one struct and in the memory
//! that it hands out, so that both can be copied, and it merges what is freed). Small blocks pass through lists of their
//! size, as in other allocators. What a run needs beyond [`REGION`] comes in blocks of its own, given back at the end.
#![expect(unsafe_code, reason = "an allocator and its image are memory without types")]
#![expect(clippy::cast_ptr_alignment, reason = "every block is aligned to 16 bytes")]

use rlsf::Tlsf;
use rquickjs::allocator::Allocator;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};
use std::rc::Rc;

/// Address space of the part that images can hold, bytes. What is not used costs nothing.
const REGION: usize = 32 << 20;

/// By how much the used part of the region grows, bytes.
const STEP: usize = 256 << 10;

/// The smallest block beyond the region, bytes.
const OVERFLOW: usize = 4 << 20;

/// What a run used of the region beyond its image and the next one finds still mapped, bytes: mapping costs time.
const KEPT: usize = 4 << 20;

/// Alignment of everything that the engine gets, bytes.
const ALIGN: usize = 16;

/// Blocks are multiples of this, bytes; a header of half of it is part of each.
const GRANULE: usize = 32;

/// Blocks up to this size have lists of their own, bytes.
const SMALL: usize = 512;

#[cfg(target_os = "linux")]
const UNUSED: Advice = Advice::LinuxDontNeed;
#[cfg(not(target_os = "linux"))]
const UNUSED: Advice = Advice::DontNeed;

/// Two levels of 32 bits: blocks up to 2^36 bytes, in classes at most a thirty-second apart.
type Blocks = Tlsf<'static, u32, u32, 32, 32>;

/// All that the allocator knows. Copied bit by bit into an image.
struct Table {
    blocks: Blocks,
    /// Freed small blocks by size, each a list linked through its first word.
    small: [*mut u8; SMALL / GRANULE],
    /// Bytes of the region that `blocks` has.
    used: usize,
}

struct Inner {
    table: Table,
    region: NonNull<u8>,
    /// Blocks beyond the region.
    overflow: Vec<(NonNull<u8>, usize)>,
    /// Bytes of the region that have been used since they were last given back to the system.
    touched: usize,
}

/// Memory for one engine. Clones are handles to the same memory.
#[derive(Clone)]
pub(crate) struct Arena(Rc<UnsafeCell<Inner>>);

/// What an arena held at one moment.
pub(crate) struct Image {
    /// The table's bits.
    table: Box<std::mem::MaybeUninit<Table>>,
    bytes: Box<[u8]>,
}

impl Arena {
    /// Memory without anything in it.
    pub(crate) fn new() -> std::io::Result<Self> {
        let region = map(REGION)?;
        let table = Table { blocks: Tlsf::new(), small: [ptr::null_mut(); SMALL / GRANULE], used: 0 };
        Ok(Self(Rc::new(UnsafeCell::new(Inner { table, region, overflow: Vec::new(), touched: 0 }))))
    }

    /// Bytes that the engine has got, in use or freed meanwhile.
    pub(crate) fn footprint(&self) -> usize {
        // SAFETY: nobody changes the inner state while this reads two numbers.
        let inner = unsafe { &*self.0.get() };
        inner.table.used + inner.overflow.iter().map(|(_, size)| size).sum::<usize>()
    }

    /// Copies everything. `None` when there is more than an image can hold.
    pub(crate) fn image(&self) -> Option<Image> {
        // SAFETY: nobody else refers to the inner state while this runs: the engine is on this thread and not running.
        let inner = unsafe { &mut *self.0.get() };
        if !inner.overflow.is_empty() {
            return None;
        }
        let mut table = Box::new_uninit();
        // SAFETY: both are valid for one table and do not overlap. The copy is only ever written back over the original.
        unsafe { ptr::copy_nonoverlapping(&raw const inner.table, table.as_mut_ptr(), 1) };
        // SAFETY: the region's first `used` bytes are mapped and have been written by the allocator or are zero.
        let bytes = unsafe { std::slice::from_raw_parts(inner.region.as_ptr(), inner.table.used) }.into();
        Some(Image { table, bytes })
    }

    /// Makes the memory what it was when the image was taken. Every pointer into it from outside must be from that time.
    pub(crate) fn restore(&self, image: &Image) {
        // SAFETY: as in `image`.
        let inner = unsafe { &mut *self.0.get() };
        inner.touched = inner.touched.max(inner.table.used);
        // SAFETY: the image is of this arena: its bytes fit into the region, and its table describes them.
        unsafe {
            ptr::copy_nonoverlapping(image.table.as_ptr(), &raw mut inner.table, 1);
            ptr::copy_nonoverlapping(image.bytes.as_ptr(), inner.region.as_ptr(), image.bytes.len());
        }
        inner.give_back(image.bytes.len() + KEPT);
        for (block, size) in inner.overflow.drain(..) {
            // SAFETY: the restored table knows nothing of the block.
            let _ = unsafe { munmap(block.as_ptr().cast(), size) };
        }
    }
}

impl Inner {
    /// Gives what is beyond so many bytes of the region back to the system.
    fn give_back(&mut self, keep: usize) {
        if self.touched > keep {
            // SAFETY: nothing is allocated there, and it stays mapped.
            let _ = unsafe { madvise(self.region.as_ptr().add(keep).cast(), self.touched - keep, UNUSED) };
            self.touched = keep;
        }
    }

    fn allocate(&mut self, size: usize) -> *mut u8 {
        if let Some(list) = self.table.small.get_mut(class(size))
            && !list.is_null()
        {
            let block = *list;
            // SAFETY: a freed block holds the next one of its list in its first word.
            *list = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let Some(layout) = layout(size) else { return ptr::null_mut() };
        loop {
            if let Some(block) = self.table.blocks.allocate(layout) {
                return block.as_ptr();
            }
            if !self.grow(layout.size()) {
                return ptr::null_mut();
            }
        }
    }

    /// More memory, enough for a block of this size.
    fn grow(&mut self, size: usize) -> bool {
        // The allocator rounds sizes up to a class and adds a header.
        let Some(needed) = size.checked_add(size / 16 + 4096) else { return false };
        let step = needed.next_multiple_of(STEP);
        let used = self.table.used;
        if step <= REGION - used {
            // SAFETY: `used` is within the region, and so is what follows it up to `step`.
            let start = unsafe { self.region.add(used) };
            let block = NonNull::slice_from_raw_parts(start, step);
            // SAFETY: the block is mapped, nobody uses it, and it begins where the one before ended.
            let taken = unsafe {
                if used == 0 {
                    self.table.blocks.insert_free_block_ptr(block).map_or(0, Into::into)
                } else {
                    self.table.blocks.append_free_block_ptr(block)
                }
            };
            self.table.used += taken;
            return taken > 0;
        }
        let size = needed.next_multiple_of(OVERFLOW);
        let Ok(start) = map(size) else { return false };
        self.overflow.push((start, size));
        // SAFETY: the block is mapped, and nobody uses it.
        unsafe { self.table.blocks.insert_free_block_ptr(NonNull::slice_from_raw_parts(start, size)) }
            .is_some()
    }

    /// # Safety
    /// The block must be one of this arena's that has not been freed.
    unsafe fn free(&mut self, block: NonNull<u8>) {
        // SAFETY: the caller's promise.
        let size = unsafe { Blocks::allocation_usable_size(block) };
        if let Some(list) = self.table.small.get_mut(class(size)) {
            // SAFETY: the block has room for a word, and is nobody's now.
            unsafe { block.as_ptr().cast::<*mut u8>().write(*list) };
            *list = block.as_ptr();
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { self.table.blocks.deallocate(block, ALIGN) };
    }

    /// # Safety
    /// The block must be one of this arena's that has not been freed.
    unsafe fn resize(&mut self, block: NonNull<u8>, size: usize) -> *mut u8 {
        let Some(layout) = layout(size) else { return ptr::null_mut() };
        // SAFETY: the caller's promise.
        let old = unsafe { Blocks::allocation_usable_size(block) };
        if size <= old && (size > old / 2 || old <= SMALL) {
            return block.as_ptr();
        }
        if old > SMALL {
            // SAFETY: the caller's promise; all blocks have the same alignment.
            if let Some(block) = unsafe { self.table.blocks.reallocate(block, layout) } {
                return block.as_ptr();
            }
        }
        let new = self.allocate(size);
        if !new.is_null() {
            // SAFETY: both blocks are at least as long as what is copied, and are different ones.
            unsafe {
                ptr::copy_nonoverlapping(block.as_ptr(), new, old.min(size));
                self.free(block);
            }
        }
        new
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for (block, size) in self.overflow.drain(..).chain([(self.region, REGION)]) {
            // SAFETY: the engine, which was the only user, is gone: it holds a handle.
            let _ = unsafe { munmap(block.as_ptr().cast(), size) };
        }
    }
}

// SAFETY: blocks are aligned to 16 bytes, as large as asked for at least, and their usable size is the allocator's own.
unsafe impl Allocator for Arena {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        // SAFETY: the engine calls its allocator on its own thread, never from within the allocator.
        unsafe { &mut *self.0.get() }.allocate(size)
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let Some(size) = count.checked_mul(size) else { return ptr::null_mut() };
        let block = self.alloc(size);
        if !block.is_null() {
            // SAFETY: the block is at least this long.
            unsafe { block.write_bytes(0, size) };
        }
        block
    }

    unsafe fn dealloc(&mut self, block: *mut u8) {
        if let Some(block) = NonNull::new(block) {
            // SAFETY: as in `alloc`, and the caller's promise.
            unsafe { (*self.0.get()).free(block) };
        }
    }

    unsafe fn realloc(&mut self, block: *mut u8, size: usize) -> *mut u8 {
        let Some(block) = NonNull::new(block) else { return self.alloc(size) };
        // SAFETY: as in `alloc`, and the caller's promise.
        unsafe { (*self.0.get()).resize(block, size) }
    }

    unsafe fn usable_size(block: *mut u8) -> usize {
        // SAFETY: the caller's promise.
        NonNull::new(block).map_or(0, |block| unsafe { Blocks::allocation_usable_size(block) })
    }
}

/// The list of the blocks that hold so many bytes; beyond the last list for large ones.
fn class(size: usize) -> usize {
    size.max(1).saturating_add(GRANULE / 2).div_ceil(GRANULE) - 1
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.max(ALIGN).checked_next_multiple_of(ALIGN)?, ALIGN).ok()
}

fn map(size: usize) -> std::io::Result<NonNull<u8>> {
    // SAFETY: a new mapping, at an address that the system chooses.
    let start = unsafe {
        mmap_anonymous(
            ptr::null_mut(),
            size,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    }?;
    NonNull::new(start.cast()).ok_or_else(|| std::io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restored_arena_holds_what_it_held() {
        let mut arena = Arena::new().unwrap();
        let kept = arena.alloc(100);
        unsafe { kept.write_bytes(7, 100) };
        let image = arena.image().unwrap();
        let mut blocks = Vec::new();
        for round in 0..3 {
            let run: Vec<_> = (0..2000).map(|size| arena.alloc(size)).collect();
            for (size, block) in run.iter().enumerate() {
                unsafe { block.write_bytes(round, size) };
            }
            unsafe {
                kept.write_bytes(9, 100);
                arena.dealloc(kept);
                arena.dealloc(run[40]);
            }
            blocks.push(run);
            arena.restore(&image);
            assert!((0..100).all(|at| unsafe { kept.add(at).read() } == 7));
        }
        assert!(blocks.windows(2).all(|pair| pair[0] == pair[1]), "the same calls get the same memory");
    }

    #[test]
    fn blocks_do_not_overlap_and_are_as_long_as_they_say() {
        let mut arena = Arena::new().unwrap();
        let mut live: Vec<(*mut u8, usize, u8)> = Vec::new();
        let mut random = 1_u32;
        for step in 0..20_000_u32 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let size = (random >> 8) as usize % if step % 100 == 0 { 3_000_000 } else { 700 };
            let mark = step as u8;
            match random % 4 {
                0 | 1 => live.push((arena.alloc(size), size, mark)),
                2 if !live.is_empty() => {
                    let (block, old, old_mark) = live.swap_remove(random as usize % live.len());
                    let block = unsafe { arena.realloc(block, size) };
                    assert!((0..old.min(size)).all(|at| unsafe { block.add(at).read() } == old_mark));
                    live.push((block, size, mark));
                }
                _ if !live.is_empty() => {
                    let (block, size, mark) = live.swap_remove(random as usize % live.len());
                    assert!((0..size).all(|at| unsafe { block.add(at).read() } == mark));
                    unsafe { arena.dealloc(block) };
                    continue;
                }
                _ => continue,
            }
            if let Some((block, size, mark)) = live.last() {
                assert!(!block.is_null() && block.addr() % ALIGN == 0);
                assert!(unsafe { Arena::usable_size(*block) } >= *size);
                unsafe { block.write_bytes(*mark, *size) };
            }
            if live.len() > 300 {
                let (block, ..) = live.remove(0);
                unsafe { arena.dealloc(block) };
            }
        }
    }

    #[test]
    fn what_a_run_took_beyond_the_region_is_given_back() {
        let mut arena = Arena::new().unwrap();
        let small = arena.alloc(10);
        let image = arena.image().unwrap();
        assert!(!arena.alloc(REGION).is_null());
        assert!(arena.image().is_none(), "an image holds the region only");
        arena.restore(&image);
        assert!(arena.image().is_some());
        unsafe { arena.dealloc(small) };
    }

    #[test]
    fn an_impossible_size_gets_nothing() {
        let mut arena = Arena::new().unwrap();
        assert!(arena.alloc(usize::MAX).is_null());
        assert!(arena.alloc(usize::MAX / 2).is_null());
        assert!(arena.calloc(usize::MAX, 2).is_null());
    }
}
