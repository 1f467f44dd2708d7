{-# LANGUAGE GADTs #-}
{-# LANGUAGE TypeFamilies #-}
-- |
-- Module      : Warehouse.Inventory
-- License     : BSD-3-Clause
--
-- Counts what lies on the shelves and where it goes next.
module Warehouse.Inventory
  ( Shelf (..)
  , restock
  ) where

import qualified Data.Map.Strict as Map
import Data.Maybe (fromMaybe)

-- | A place for goods.
-- It never moves.
data Shelf = Shelf
  { shelfName :: !Text   -- ^ What the sign says.
  , shelfLoad, shelfRoom :: Int
  }
  | Floor
  deriving (Eq, Show)

{-| Grams, never negative. -}
newtype Weight = Weight { grams :: Int }
  deriving newtype (Num)

data Move where
  -- | Onto a shelf.
  Store :: Item -> Shelf -> Move
  Ship, Scrap :: Item -> Move

-- Short for what callers pass around.
type Stock = Map.Map Item Int

type family Place a :: Type where
  Place Item = Shelf
  Place Order = Dock

data family Row a
data instance Row Item = ItemRow Int

type instance Cost Item = Int

-- | What can be counted.
class Monoid (Total a) => Countable a where
  -- | The sum's type.
  type Total a :: Type
  {-# MINIMAL count #-}

  -- | Counts one.
  count :: a -> Total a
  count = mempty

  -- | An operator of the class.
  (<+>), plus :: a -> a -> a
  infixl 6 <+>

instance Countable Item where
  type Total Item = Sum Int
  count (Item n)
    | n < 0 = Sum 0
    | otherwise = Sum n
  a <+> b = merge a b

instance (Show a, Countable a) => Countable [a] where
  count = foldMap count

deriving instance Show Move
deriving stock instance Eq Move

-- | Puts goods back until the shelf is full.
--
-- Takes time with the number of shelves.
restock
  :: Countable a
  => Stock        -- ^ what there is
  -> [a]
  -> Either Shortage Stock
restock stock [] = Right stock

restock stock (x : xs)
  | fits x = restock (add x stock) xs
  | otherwise = Left (short x)
  where
    add :: Item -> Stock -> Stock
    add item = Map.insertWith (+) item 1
    fits _ = True
-- Operators have equations as well.
infixr 5 |>, `beside`

(|>) :: Shelf -> Item -> Shelf
Floor |> _ = Floor
shelf |> item = shelf { shelfLoad = weigh item }

beside :: Shelf -> Shelf -> Bool
a `beside` b = near a b
beside' = flip beside

-- | The emptiest and the fullest.
lightest, heaviest :: [Item] -> Item
lightest = minimum
heaviest = maximum

limit :: Int
limit = 40 -- of each

(low, high) = (1, limit)

foreign import ccall unsafe "scale_read" scaleRead :: Ptr Scale -> IO CInt

pattern Empty :: Shelf
pattern Empty = Shelf "" 0 0
pattern Pair x y <- (x, y)

{-# INLINE unsafeWeigh #-}
unsafeWeigh :: Item -> Weight
unsafeWeigh = \case
  Item n -> Weight n

makeLenses ''Shelf

main :: IO ()
main = do
  let go 0 = pure ()
      go n = go (n - 1)
  go limit
